import { expect, test } from "bun:test";
import { suggest } from "#lib/core/suggest.ts";

const known = ["KEEP_DAILY", "KEEP_LAST", "COMPRESSION", "COMPRESSION_LEVEL", "JOB", "VERIFY"];

test.each([
  ["KEEP_DALY", "KEEP_DAILY"],
  ["KEEP_DIALY", "KEEP_DAILY"],
  ["KEEPDAILY", "KEEP_DAILY"],
  ["keep_daily", "KEEP_DAILY"],
  ["COMPRESION", "COMPRESSION"],
  ["COMPRESION_LEVEL", "COMPRESSION_LEVEL"],
  ["VERIFIY", "VERIFY"],
])("suggest() takes %s for %s", (word, meant) => {
  expect(suggest(word, known)).toBe(meant);
});

test.each(["", "ZZZ", "MYSQL_HOST", "DATABASE"])("suggest() has no word for %j", (word) => {
  expect(suggest(word, known)).toBeUndefined();
});

test("suggest() counts swapped neighbours as one mistake", () => {
  expect(suggest("OJB", known)).toBe("JOB");
  expect(suggest("BOJ", known)).toBeUndefined();
});

test("suggest() takes the nearest, whatever the order", () => {
  expect(suggest("KEEP_LASTS", ["KEEP_TASKS", "KEEP_LAST"])).toBe("KEEP_LAST");
  expect(suggest("KEEP_LASTS", ["KEEP_LAST", "KEEP_TASKS"])).toBe("KEEP_LAST");
});
