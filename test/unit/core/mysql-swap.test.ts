import { describe, expect, test } from "bun:test";
import {
  dropDefinition,
  grantRoutine,
  hexText,
  isDefinitionKind,
  renameTables,
  withoutSandboxMark,
} from "#lib/core/mysql-swap.ts";

test("renameTables() moves everything in one statement, whatever the names are", () => {
  expect(
    renameTables([
      { from: "shop", to: "kept", tables: ["a", "b`c"] },
      { from: "new", to: "shop", tables: [] },
      { from: "new", to: "kept", tables: ["mark"] },
    ]),
  ).toBe(
    "RENAME TABLE `shop`.`a` TO `kept`.`a`, `shop`.`b``c` TO `kept`.`b``c`, `new`.`mark` TO `kept`.`mark`",
  );
});

test("dropDefinition() names the database, so that nothing of another one goes", () => {
  expect(dropDefinition("a`b", { kind: "PACKAGE BODY", name: "p" })).toBe(
    "DROP PACKAGE BODY IF EXISTS `a``b`.`p`",
  );
});

test("isDefinitionKind() knows no tables", () => {
  expect(["TRIGGER", "VIEW", "BASE TABLE", ""].map(isDefinitionKind)).toEqual([true, true, false, false]);
});

test("hexText() is the text's UTF-8", () => {
  expect(hexText("ä'\\")).toBe("_utf8mb4 X'c3a4275c'");
});

describe("grantRoutine()", () => {
  const grant = { user: "u`", host: "%", kind: "PROCEDURE", routine: "p" };
  test.each([
    ["Execute", "GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `u```@`%`"],
    [
      "Execute,Alter Routine,Grant",
      "GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE `shop`.`p` TO `u```@`%` WITH GRANT OPTION",
    ],
    ["Grant", "GRANT USAGE ON PROCEDURE `shop`.`p` TO `u```@`%` WITH GRANT OPTION"],
  ])("gives %s again", (privileges, statement) => {
    expect(grantRoutine("shop", { ...grant, privileges })).toBe(statement);
  });

  test("gives a role, which has no host, its own", () => {
    const given = grantRoutine("shop", { ...grant, user: "r", host: "", privileges: "Execute" });
    expect(given).toBe("GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `r`");
  });
});

test("withoutSandboxMark() takes the mark of the first line away and leaves the rest", () => {
  const mark = "/*M!999999\\- enable the sandbox mode */ \n";
  expect(withoutSandboxMark(`${mark}SELECT 1;\n`)).toBe("SELECT 1;\n");
});
