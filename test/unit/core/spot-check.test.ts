import { describe, expect, test } from "bun:test";
import { type ListedEntry, type SpotCheckRequest, spotCheck } from "#lib/core/spot-check.ts";

const takenAt = new Date("2026-11-21T03:00:00Z");
const before = String(takenAt.getTime() / 1000 - 3600);
const after = String(takenAt.getTime() / 1000 + 3600);

const file = (path: string, changes: Partial<ListedEntry> = {}): ListedEntry => ({
  path,
  kind: "file",
  sizeBytes: 10,
  modified: before,
  changed: before,
  ...changes,
});
const directory = (path: string) => file(path, { kind: "directory" });
const check = (changes: Partial<SpotCheckRequest>) =>
  spotCheck({ live: [], restored: [], takenAt, excludes: [], ...changes });

describe("spotCheck()", () => {
  test("compares what is in both and was not touched since", () => {
    const live = [
      file("a"),
      file("b", { modified: after, changed: after, sizeBytes: 11 }),
      file("c", { changed: after }),
    ];
    const restored = [file("a"), file("b"), file("c"), file("removed-since")];
    expect(check({ live, restored })).toEqual({
      comparable: ["a"],
      changedSince: 2,
      leftOut: 0,
      problems: [],
    });
  });

  test("says what differs although nobody has changed it", () => {
    const { problems } = check({
      live: [file("a"), file("b")],
      restored: [file("a", { sizeBytes: 9 }), directory("b")],
    });
    expect(problems).toEqual([
      '"a" differs, although nobody has changed it since',
      '"b" differs, although nobody has changed it since',
    ]);
  });

  test("names the uppermost directory of which the set has nothing, unless somebody wrote it down", () => {
    const live = [directory("a"), directory("a/b"), directory("a/b/c"), file("a/b/c/x"), file("a/b/y")];
    const restored = [directory("a")];
    expect(check({ live, restored }).problems).toEqual([
      'The set has nothing of "a/b" (2 files): which pattern of APP_EXCLUDES matches it?',
    ]);
    expect(check({ live, restored, excludes: ["*b*"] }).problems).toHaveLength(1);
    for (const named of ["a/b", "./a/b/", "a/b/*", "a"]) {
      expect(check({ live, restored, excludes: [named] }).problems).toEqual([]);
    }
  });

  test("says nothing of a directory that came since, or is empty", () => {
    const live = [directory("new"), file("new/x", { modified: after, changed: after }), directory("empty")];
    expect(check({ live })).toEqual({ comparable: [], changedSince: 1, leftOut: 0, problems: [] });
  });

  test("bears single files that patterns leave out, and not a twentieth of all", () => {
    const restored = Array.from({ length: 100 }, (_, index) => file(`f${index}`));
    const live = (missing: number) => [
      ...restored,
      ...Array.from({ length: missing }, (_, index) => file(`m${index}.log`)),
    ];
    expect(check({ live: live(5), restored })).toMatchObject({ leftOut: 5, problems: [] });
    expect(check({ live: live(10), restored }).problems).toEqual([
      "The set lacks 10 of 110 files that were there when it was taken",
    ]);
  });

  test("names the first ten of many", () => {
    const live = Array.from({ length: 15 }, (_, index) => file(`f${index}`));
    const { problems } = check({ live, restored: live.map((one) => ({ ...one, sizeBytes: 1 })) });
    expect(problems).toHaveLength(11);
    expect(problems.at(-1)).toBe("and 5 more like the last one");
  });
});
