import { describe, expect, test } from "bun:test";
import { carryOver, describeLocale, quoteText } from "#lib/core/postgres-properties.ts";

const plain = {
  owner: 'own"er',
  connectionLimit: -1,
  tablespace: "pg_default",
  comment: null,
  grants: null,
  settings: [],
};

describe("carryOver()", () => {
  test("gives the owner, and nothing that was never set", () => {
    expect(carryOver("new", plain)).toEqual(['ALTER DATABASE "new" OWNER TO "own""er"']);
  });

  test("takes away what every database grants before it grants what this one had", () => {
    const grants = [
      { grantee: null, privilege: "CONNECT", isGrantable: false },
      { grantee: "a b", privilege: "CREATE", isGrantable: true },
    ];
    expect(carryOver("new", { ...plain, owner: "o", grants }).slice(1)).toEqual([
      'REVOKE ALL ON DATABASE "new" FROM PUBLIC, "o"',
      'GRANT CONNECT ON DATABASE "new" TO PUBLIC',
      'GRANT CREATE ON DATABASE "new" TO "a b" WITH GRANT OPTION',
    ]);
  });

  test("leaves nobody a grant where there was none at all", () => {
    expect(carryOver("new", { ...plain, owner: "o", grants: [] }).slice(1)).toEqual([
      'REVOKE ALL ON DATABASE "new" FROM PUBLIC, "o"',
    ]);
  });

  test.each([
    ["work_mem=8MB", `SET "work_mem" TO '8MB'`],
    ["my.note=it's=so", `SET "my"."note" TO 'it''s=so'`],
    ['search_path="$user", "a""b, c", public', `SET "search_path" TO '$user', 'a"b, c', 'public'`],
    ['search_path=""', `SET "search_path" TO ''`],
    ["search_path=", `SET "search_path" TO ''`],
  ])("sets %s as it was set", (setting, words) => {
    const settings = [
      { role: null, setting },
      { role: "r", setting },
    ];
    expect(carryOver("new", { ...plain, settings }).slice(1)).toEqual([
      `ALTER DATABASE "new" ${words}`,
      `ALTER ROLE "r" IN DATABASE "new" ${words}`,
    ]);
  });
});

test("quoteText() says of backslashes that they are escaped, whatever the server takes them for", () => {
  expect(quoteText("it's \\ here")).toBe("E'it''s \\\\ here'");
  expect(quoteText("plain")).toBe("'plain'");
});

describe("describeLocale()", () => {
  const libc = {
    encoding: "UTF8",
    collation: "C",
    characterType: "C.UTF-8",
    localeProvider: "c",
    locale: null,
  };
  const said = ["ENCODING 'UTF8'", "LC_COLLATE 'C'", "LC_CTYPE 'C.UTF-8'"];

  test("names libc only to a server that would take another", () => {
    expect(describeLocale(libc, "c")).toEqual(said);
    expect(describeLocale(libc, "")).toEqual(said);
    expect(describeLocale(libc, "i")).toEqual([...said, "LOCALE_PROVIDER 'libc'"]);
  });

  test("keeps the locale of ICU, with its rules, and that of the server's own", () => {
    const icu = { ...libc, localeProvider: "i", locale: "de-u-co-phonebk", icuRules: "&a < 'b" };
    const options = ["ICU_LOCALE 'de-u-co-phonebk'", "ICU_RULES '&a < ''b'"];
    expect(describeLocale(icu, "c")).toEqual([...said, "LOCALE_PROVIDER 'icu'", ...options]);
    expect(describeLocale(icu, "i")).toEqual([...said, ...options]);
    expect(describeLocale({ ...libc, localeProvider: "b", locale: "C.UTF-8" }, "c")).toEqual([
      ...said,
      "LOCALE_PROVIDER 'builtin'",
      "BUILTIN_LOCALE 'C.UTF-8'",
    ]);
  });

  test("takes the collation for both of a set that says no more", () => {
    const facts = { encoding: "UTF8", collation: "de_DE.UTF-8" };
    expect(describeLocale(facts, "c")).toEqual([
      "ENCODING 'UTF8'",
      "LC_COLLATE 'de_DE.UTF-8'",
      "LC_CTYPE 'de_DE.UTF-8'",
    ]);
    expect(describeLocale({}, "")).toEqual([]);
  });
});
