import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createExcluder, excludeFlags, excludeOptions } from "#lib/core/tar-pattern.ts";

const files = [
  "cache/a",
  "x/cache/b",
  "x/cached/c",
  "a.log",
  "x/y/b.log",
  ".hidden/d",
  "x/.env",
  "b[1].txt",
  "b1.txt",
  "star*name",
  "ü.txt",
  "back\\slash",
  "tmp/keep/e",
  "dash-name",
];

const patterns = [
  "cache",
  "*.log",
  ".*",
  "x/*",
  "x/cache",
  "b[0-9].txt",
  "b\\[1\\].txt",
  "b[!0-9].txt",
  "star\\**",
  "?.txt",
  "??.txt",
  "tmp/*/e",
  "y/b.log",
  "nothing",
  "back\\\\slash",
  "b[1.txt",
  "dash-nam[a-f]",
  "*",
];

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "lastgood-"));
  for (const file of files) {
    const path = join(directory, ".hidden tree[1]", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
  }
});

afterAll(() => rmSync(directory, { recursive: true }));

/** The names that tar archives of the tree, the tree's own as "". */
function archivedByTar(pattern: string): Set<string> {
  const root = ".hidden tree[1]";
  const names = execFileSync(
    "sh",
    [
      "-c",
      'tar --create --file=- "$@" | tar --list --quoting-style=literal --file=-',
      "tar",
      ...[`--directory=${directory}`, ...excludeFlags, ...excludeOptions(root, [pattern]), root],
    ],
    { encoding: "utf8", env: { PATH: process.env.PATH, LC_ALL: "C" } },
  );
  const lines = names.split("\n").filter((line) => line !== "");
  return new Set(lines.map((line) => line.replace(/\/$/, "").slice(root.length + 1)));
}

describe("createExcluder()", () => {
  test.each(patterns)("means by %j what tar means by it", (pattern) => {
    const isExcluded = createExcluder([pattern]);
    const names = ["", ...files, ...files.flatMap((file) => waysTo(file))];
    const kept = names.filter((name) => !isExcluded(Buffer.from(name).toString("latin1")));
    expect(new Set(kept)).toEqual(archivedByTar(pattern));
  });

  test("excludes nothing without patterns, and never the root", () => {
    expect(createExcluder([])("cache")).toBe(false);
    expect(createExcluder(["*"])("")).toBe(false);
  });

  test("matches names with line breaks", () => {
    expect(createExcluder(["*.log"])("a\nb/c\n.log/d")).toBe(true);
  });
});

function waysTo(file: string): string[] {
  return dirname(file) === "." ? [] : [dirname(file), ...waysTo(dirname(file))];
}
