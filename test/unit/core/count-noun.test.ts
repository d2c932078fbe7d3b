import { expect, test } from "bun:test";
import { countDone, countNoun } from "#lib/core/count-noun.ts";

test("countNoun() has one thing, and several of them, none included", () => {
  expect([0, 1, 2].map((count) => countNoun(count, "file"))).toEqual(["0 files", "1 file", "2 files"]);
  expect([1, 2].map((count) => countNoun(count, "entry", "entries"))).toEqual(["1 entry", "2 entries"]);
});

test("countDone() says what was done to one thing, and to several", () => {
  expect([0, 1, 2].map((count) => countDone(count, "dumped"))).toEqual([
    "0 were dumped",
    "1 was dumped",
    "2 were dumped",
  ]);
});
