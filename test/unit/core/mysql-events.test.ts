import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { createEventDisabler, disableEvents } from "#lib/core/mysql-events.ts";

const define = (event: string) =>
  `/*!50106 CREATE*/ /*!50117 DEFINER=\`root\`@\`localhost\`*/ /*!50106 EVENT ${event} */ ;;`;
const dumpWith = (...events: readonly string[]) =>
  ["-- a dump", "INSERT INTO `t` VALUES ('größe')", ...events, "-- Dump completed", ""].join("\n");

const yearly =
  "`ti``dy größe` ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01 00:00:00' ON COMPLETION NOT PRESERVE";
const once = "`once` ON SCHEDULE AT '2037-01-01 00:00:00' ON COMPLETION PRESERVE";
const asleep = define(
  "`asleep` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE DISABLE DO SELECT ' ON COMPLETION PRESERVE ENABLE'\n",
);
const dump = dumpWith(
  define(`${yearly} ENABLE COMMENT 'ENABLE' DO BEGIN\nSELECT 'ON COMPLETION PRESERVE ENABLE';\nEND`),
  asleep,
  define(`${once} ENABLE DO DELETE FROM t`),
);
const disabled = dumpWith(
  define(`${yearly} DISABLE COMMENT 'ENABLE' DO BEGIN\nSELECT 'ON COMPLETION PRESERVE ENABLE';\nEND`),
  asleep,
  define(`${once} DISABLE DO DELETE FROM t`),
);

/** As the server gets it, whose client does without the last line feed. */
function passInChunks(text: string, chunkBytes: number) {
  const bytes = Buffer.from(text);
  const { rewrite, disabled: names } = createEventDisabler();
  let passed = "";
  for (let at = 0; at < bytes.length; at += chunkBytes)
    passed += Buffer.from(rewrite(bytes.subarray(at, at + chunkBytes))).toString("latin1");
  return { text: Buffer.from(passed, "latin1").toString().trimEnd(), names: names() };
}

describe("createEventDisabler()", () => {
  test("disables what is enabled, names it, and changes nothing else, however the dump is cut", () => {
    for (let chunkBytes = 1; chunkBytes < 400; chunkBytes += 1) {
      expect(passInChunks(dump, chunkBytes)).toEqual({
        text: disabled.trimEnd(),
        names: ["ti`dy größe", "once"],
      });
    }
  });

  test("knows one without a definer", () => {
    const dumped = dumpWith(`/*!50106 CREATE EVENT ${once} ENABLE DO SELECT 1 */ ;;`);
    expect(passInChunks(dumped, 7)).toEqual({
      text: dumpWith(`/*!50106 CREATE EVENT ${once} DISABLE DO SELECT 1 */ ;;`).trimEnd(),
      names: ["once"],
    });
  });

  test("holds nothing back of a line that never ends", () => {
    const { rewrite } = createEventDisabler();
    const begun = `\n/*!50106 CREATE${"x".repeat(5000)}`;
    expect(rewrite(Buffer.from(begun))).toHaveLength(begun.length);
  });
});

test("disableEvents() does the same to a text", () => {
  expect(disableEvents(dump).trimEnd()).toBe(disabled.trimEnd());
});
