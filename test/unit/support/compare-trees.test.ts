import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { isRoot } from "#test/support/capabilities.ts";
import { compareTrees, describeTree } from "#test/support/compare-trees.ts";
import { createNastyTree } from "#test/support/nasty-tree.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const original = `
mkdir -p directory
echo content > file; touch -d '2025-01-01 00:00:00.000000001' file
echo linked > linked; ln linked directory/also-linked
ln -s file symlink
truncate -s 1M sparse; printf data >> sparse
setfattr -n user.comment -v old file
setfacl -m u:4711:r linked
printf x > $'bad\\377name\\n'
`;

/** Shell commands that change a copy, and what compareTrees() must then say of it. */
const changes: readonly (readonly [string, RegExp])[] = [
  ["printf CONTENT\\\\n > file; touch -d '2025-01-01 00:00:00.000000001' file", /^"file": sha256 /],
  ["touch -d '2025-01-01 00:00:00.000000002' file", /^"file": modifiedAt .*001.* became .*002/],
  ["chmod 4644 file", /^"file": mode "644" became "4644"$/],
  ["setfattr -n user.comment -v new file", /^"file": attributes /],
  ["setfattr -n user.other -v new directory", /^"directory": attributes /],
  ["setfacl -b linked", /linked": (attributes|mode) /],
  ["cp -p linked new; mv new linked", /^"linked": linkedNames .*also-linked.* became \[\]$/],
  ["cp --sparse=never -p sparse new; mv new sparse", /^"sparse": isSparse true became false$/],
  ["ln -sfn directory symlink", /^"symlink": target "file" became "directory"$/],
  ["rm file; mkdir file", /^"file": type "file" became "directory"$/],
  ["rm bad*", /^"badÿname\\n" \(file\) is missing$/],
  ["mkfifo directory/new", /^"directory\/new" \(fifo\) was not there before$/],
  ["touch directory", /^"directory": modifiedAt /],
];

describe("compareTrees()", () => {
  test("says nothing of two trees that are the same", async () => {
    await using sandbox = await createSandbox();
    await createNastyTree(sandbox.path("a"), { smallFiles: 100, sparseMb: 64 });
    execFileSync("cp", ["-a", "--sparse=auto", sandbox.path("a"), sandbox.path("b")]);
    const [a, b] = [describeTree(sandbox.path("a")), describeTree(sandbox.path("b"))];
    expect(a.size).toBeGreaterThan(150);
    expect(compareTrees(a, b)).toEqual([]);
  });

  test.each(changes)("notices %s", async (change, difference) => {
    await using sandbox = await createSandbox();
    const shell = (script: string, cwd: string) => execFileSync("bash", ["-euc", script], { cwd });
    mkdirSync(sandbox.path("a"));
    shell(original, sandbox.path("a"));
    shell("cp -a a b", sandbox.directory);
    const before = describeTree(sandbox.path("a"));
    expect(compareTrees(before, describeTree(sandbox.path("b")))).toEqual([]);
    shell(change, sandbox.path("b"));
    expect(compareTrees(before, describeTree(sandbox.path("b")))).toContainEqual(
      expect.stringMatching(difference),
    );
  });

  test.skipIf(!isRoot)("notices an owner", async () => {
    await using sandbox = await createSandbox();
    await sandbox.write("a/file", "content");
    execFileSync("cp", ["-a", sandbox.path("a"), sandbox.path("b")]);
    execFileSync("chown", ["--no-dereference", "1:2", sandbox.path("b/file")]);
    expect(compareTrees(describeTree(sandbox.path("a")), describeTree(sandbox.path("b")))).toEqual([
      '"file": uid 0 became 1',
      '"file": gid 0 became 2',
    ]);
  });

  test("leaves out what it is told to ignore, missing or different", async () => {
    await using sandbox = await createSandbox();
    await sandbox.write("a/missing", "");
    await sandbox.write("a/different", "1");
    await sandbox.write("b/different", "2");
    const [a, b] = [describeTree(sandbox.path("a")), describeTree(sandbox.path("b"))];
    expect(compareTrees(a, b, { ignore: (path) => path !== "missing" })).toEqual([
      '"missing" (file) is missing',
    ]);
    expect(compareTrees(a, b, { ignore: () => true })).toEqual([]);
  });
});
