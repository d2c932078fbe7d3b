import { describe, expect, test } from "bun:test";
import { findHidden, isGranted, parseMysqlGrants } from "#lib/core/mysql-grants.ts";
import { parseMysqlVersion } from "#lib/core/mysql-version.ts";

const mariadb = parseMysqlVersion("10.11.6-MariaDB-log");
const mysql8 = parseMysqlVersion("8.0.36");
const to = " TO `reader`@`%`";
const grantsOf = (...lines: readonly string[]) =>
  parseMysqlGrants(lines.map((line) => `GRANT ${line}${to}\n`).join(""));

const all = ["tables", "triggers", "functions"];
const enough = "SELECT, SHOW VIEW, EVENT, TRIGGER, EXECUTE";

describe("findHidden()", () => {
  test.each([
    ["nothing to root", "shop", ["ALL PRIVILEGES ON *.*"], []],
    ["nothing to root, of all databases", undefined, ["ALL PRIVILEGES ON *.*"], []],
    ["nothing to the owner of the database", "shop", ["USAGE ON *.*", "ALL PRIVILEGES ON `shop`.*"], []],
    ["nothing to who may run its routines", "shop", [`${enough} ON \`shop\`.*`], []],
    ["everything to who has nothing but SHOW VIEW", "shop", ["USAGE ON *.*", "SHOW VIEW ON `shop`.*"], all],
    [
      "routines to who may read tables only",
      "shop",
      ["SELECT, LOCK TABLES, TRIGGER ON `shop`.*"],
      ["functions"],
    ],
    [
      "nothing to who may read where MariaDB keeps routines",
      "shop",
      ["SELECT, TRIGGER ON `shop`.*", "SELECT ON `mysql`.`proc`"],
      [],
    ],
    ["triggers to who lacks TRIGGER", "shop", ["SELECT, EXECUTE ON `shop`.*"], ["triggers"]],
    ["tables to who may read some of them", "shop", ["SELECT (`a`), TRIGGER ON `shop`.`orders`"], all],
    ["everything to who owns another database", "shop", ["ALL PRIVILEGES ON `shop2`.*"], all],
    ["other databases to who owns one", undefined, ["ALL PRIVILEGES ON `shop`.*"], all],
    ["nothing to whose grant has a wildcard", "my_shop", [`${enough} ON \`my_sh%\`.*`], []],
    ["everything to whose wildcard does not fit", "our_shop", [`${enough} ON \`my_sh%\`.*`], all],
    // As a client prints it with --batch: the backslash of `my\_shop` twice.
    ["nothing to whose wildcard is escaped", "my_shop", [`${enough} ON \`my\\\\_shop\`.*`], []],
    [
      "everything to whom an escaped wildcard does not name",
      "my1shop",
      [`${enough} ON \`my\\\\_shop\`.*`],
      all,
    ],
    ["nothing where the name is no pattern", "a.b(c", [`${enough} ON \`a.b(c\`.*`], []],
    ["everything where a dot is a dot", "axb", [`${enough} ON \`a.b\`.*`], all],
    ["nothing where the name has quotes and words of SQL", "a` TO b", [`${enough} ON \`a\`\` TO b\`.*`], []],
    ["nothing where the server quotes by ANSI", "shop", [`${enough} ON "shop".*`], []],
  ] as const)("hides %s", (_what, database, lines, hidden) => {
    const found = findHidden(grantsOf(...lines), database, mariadb);
    expect(found.map((gap) => gap.split(/[ :]/)[0] ?? "")).toEqual([...hidden]);
  });

  test("names what to grant, on the database as it is quoted", () => {
    expect(findHidden([], "a`b", mariadb)).toEqual([
      "tables that its user may not read: GRANT SELECT ON `a``b`.*",
      "triggers: GRANT TRIGGER ON `a``b`.*",
      "functions and procedures: GRANT SELECT ON mysql.proc",
    ]);
    expect(findHidden([], undefined, mysql8)[0]).toEndWith("GRANT SELECT ON *.*");
  });

  test("knows the privilege of MySQL 8, where mysql.proc is gone", () => {
    const tables = "SELECT, TRIGGER ON `shop`.*";
    expect(findHidden(grantsOf(tables, "SHOW_ROUTINE ON *.*"), "shop", mysql8)).toEqual([]);
    expect(findHidden(grantsOf(tables, "SELECT ON `mysql`.`proc`"), "shop", mysql8)).toEqual([
      "functions and procedures: GRANT SHOW_ROUTINE ON *.*",
    ]);
  });
});

describe("isGranted()", () => {
  test("takes a privilege on a routine for none on its database", () => {
    const grants = grantsOf("EXECUTE ON FUNCTION `shop`.`double_it`", "PROXY ON ``@`%`");
    expect(isGranted(grants, "shop", "EXECUTE")).toBe(false);
  });

  test("asks for a grant on every database where none is named", () => {
    const grants = grantsOf("SELECT ON `%`.*");
    expect(isGranted(grants, "shop", "SELECT")).toBe(true);
    expect(isGranted(grants, undefined, "SELECT")).toBe(false);
  });
});
