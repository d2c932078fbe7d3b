import { describe, expect, test } from "bun:test";
import { createTablespacesInPlace } from "#lib/core/tablespaces-in-place.ts";

const dump = [
  "CREATE ROLE größe;",
  "CREATE TABLESPACE fast OWNER postgres LOCATION '/mnt/it''s fast';",
  "ALTER TABLESPACE fast SET (seq_page_cost='1');",
  "\\connect template1",
  "COPY public.notes (text) FROM stdin;",
  "CREATE TABLESPACE fast OWNER postgres LOCATION '/mnt/fast';",
  "\\.",
  "",
].join("\n");
const inPlace = dump.replace(
  "CREATE TABLESPACE fast OWNER postgres LOCATION '/mnt/it''s fast';",
  "SET allow_in_place_tablespaces = on; CREATE TABLESPACE fast OWNER postgres LOCATION '';",
);

describe("createTablespacesInPlace()", () => {
  test.each([1, 7, 50, 1000])(
    "names no directory of the live server, and touches no row, in chunks of %d",
    (size) => {
      const rewrite = createTablespacesInPlace();
      const bytes = Buffer.from(dump);
      const passed: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        const chunk = Buffer.from(bytes.subarray(at, at + size));
        passed.push(Buffer.from(rewrite(chunk)));
        // A chunk's memory is used again.
        chunk.fill(0);
      }
      expect(Buffer.concat(passed).toString()).toBe(inPlace);
    },
  );
});
