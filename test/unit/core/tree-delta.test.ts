import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import {
  createListingParser,
  hasCoarseTimes,
  type ListedEntry,
  planDelta,
  takeStock,
} from "#lib/core/tree-delta.ts";

function entry(name: string, type = "f", change = "1.5", { size = "4", isLinked = false } = {}): ListedEntry {
  return { name, type, size, isLinked, identity: `${type} ${size} ${change}` };
}

const listing = (...entries: readonly ListedEntry[]) => new Map(entries.map((one) => [one.name, one]));

/** What is copied again and what is removed, when `before` was copied without a fault. */
function deltaOf(before: readonly ListedEntry[], now: readonly ListedEntry[], copied = before) {
  const { copy, remove } = planDelta(takeStock(listing(...before), copied), listing(...now));
  return { copy: copy.map(({ name }) => name), remove };
}

const root = entry("", "d");

describe("createListingParser()", () => {
  function parse(...chunks: readonly Buffer[]): ListedEntry[] {
    const entries: ListedEntry[] = [];
    const push = createListingParser((one) => entries.push(one));
    for (const chunk of chunks) push(chunk);
    return entries;
  }

  test("reads names of any bytes, wherever the chunks are cut", () => {
    const name = Buffer.from([0x61, 0x20, 0xff, 0x0a, 0xc3]);
    const whole = Buffer.concat([Buffer.from("f 12 1 9:7:644 "), name, Buffer.from("\0d 6 2 9:8:755 \0")]);
    const expected: ListedEntry[] = [
      { name: name.toString("latin1"), type: "f", size: "12", isLinked: false, identity: "f 12 1 9:7:644" },
      { name: "", type: "d", size: "6", isLinked: false, identity: "d 6 2 9:8:755" },
    ];
    for (let cut = 0; cut <= whole.length; cut += 1) {
      expect(parse(whole.subarray(0, cut), whole.subarray(cut))).toEqual(expected);
    }
  });

  test("knows files with other names, and passes over sockets", () => {
    const entries = parse(Buffer.from("f 1 2 x a\0s 0 1 x b\0d 1 3 x c\0"));
    expect(entries.map(({ name, isLinked }) => [name, isLinked])).toEqual([
      ["a", true],
      ["c", false],
    ]);
  });
});

describe("planDelta()", () => {
  test("does nothing when nothing has changed", () => {
    const tree = [root, entry("a"), entry("d", "d"), entry("d/b")];
    expect(deltaOf(tree, tree)).toEqual({ copy: [], remove: [] });
  });

  test("copies what has changed or is new, each after the directories that lead to it", () => {
    const before = [root, entry("d", "d"), entry("d/e", "d"), entry("d/e/old"), entry("d/e/same")];
    const now = [...before.slice(0, 3), entry("d/e/old", "f", "2.5"), entry("d/e/same"), entry("new")];
    expect(deltaOf(before, now)).toEqual({ copy: ["", "d", "d/e", "d/e/old", "new"], remove: [] });
  });

  test("removes what is gone, and gives its directory the times back that this takes from it", () => {
    const before = [root, entry("d", "d"), entry("d/a"), entry("d/b")];
    expect(deltaOf(before, before.slice(0, 3))).toEqual({ copy: ["", "d"], remove: ["d/b"] });
  });

  test("removes what is of another type now before it is copied", () => {
    const before = [root, entry("d", "d"), entry("d/a"), entry("l", "l")];
    const now = [root, entry("d"), entry("l", "d"), entry("l/x")];
    expect(deltaOf(before, now)).toEqual({ copy: ["", "d", "l", "l/x"], remove: ["d", "d/a", "l"] });
  });

  test("copies again what the copy lacks or has in another size, whatever the reason was", () => {
    const tree = [root, entry("cut"), entry("lost"), entry("whole")];
    const copied = [root, entry("cut", "f", "9", { size: "3" }), entry("whole", "f", "9")];
    expect(deltaOf(tree, tree, copied)).toEqual({ copy: ["", "cut", "lost"], remove: [] });
  });

  test("does not compare the sizes of directories, which differ from one to the next", () => {
    const tree = [root, entry("d", "d", "1", { size: "4096" })];
    expect(deltaOf(tree, tree, [root, entry("d", "d", "9", { size: "60" })])).toEqual({
      copy: [],
      remove: [],
    });
  });

  test("removes from the copy what came and went while it was made", () => {
    expect(deltaOf([root], [root], [root, entry("brief")])).toEqual({ copy: [""], remove: ["brief"] });
  });

  test("copies all names of a file when one of them must be copied", () => {
    const linked = { isLinked: true };
    const tree = [root, entry("a", "f", "7", linked), entry("d", "d"), entry("d/b", "f", "7", linked)];
    const copied = [root, entry("a", "f", "7", linked), entry("d", "d")];
    expect(deltaOf(tree, tree, copied)).toEqual({ copy: ["", "a", "d", "d/b"], remove: [] });
  });

  test("copies a single file that is the root itself", () => {
    expect(deltaOf([entry("")], [entry("", "f", "2.5")])).toEqual({ copy: [""], remove: [] });
    expect(deltaOf([entry("")], [entry("", "d")])).toEqual({ copy: [""], remove: [""] });
  });

  test("copies everything when nothing was copied", () => {
    expect(deltaOf([], [root, entry("a")])).toEqual({ copy: ["", "a"], remove: [] });
  });
});

describe("hasCoarseTimes()", () => {
  test.each([
    [["f 1 1 x:5.0000000000", "f 1 1 x:9.0000000000"], true],
    [["f 1 1 x:5.0000000000", "f 1 1 x:9.0000000010"], false],
    [[], true],
  ])("%j: %p", (identities, isCoarse) => {
    expect(hasCoarseTimes(identities)).toBe(isCoarse);
  });
});
