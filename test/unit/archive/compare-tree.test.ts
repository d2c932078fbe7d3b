import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { type CompareRequest, compareTree } from "#lib/archive/compare-tree.ts";
import { createOptions } from "#lib/core/tar-options.ts";
import { createNastyTree } from "#test/support/nasty-tree.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";
import { archive, entry, pax } from "#test/support/tar-builder.ts";

const env = { PATH: process.env.PATH ?? "", LC_ALL: "C" };
const megabyte = 1024 * 1024;

describe("compareTree()", () => {
  let sandbox: Sandbox;
  let next = 0;
  beforeAll(async () => {
    sandbox = await createSandbox();
  });
  afterAll(async () => {
    await sandbox[Symbol.asyncDispose]();
  });

  /** A new directory with a few files, packed, and unpacked beside. */
  function packed(fill: (tree: string) => void): { tar: string; restored: string } {
    next += 1;
    const [tree, restored, tar] = [
      sandbox.path(`tree-${next}`),
      sandbox.path(`restored-${next}`),
      sandbox.path(`${next}.tar`),
    ];
    for (const directory of [tree, restored]) mkdirSync(directory);
    fill(tree);
    pack(tree, tar);
    execFileSync("tar", ["--extract", `--file=${tar}`, "--directory", restored, "--same-permissions"], {
      env,
    });
    return { tar, restored };
  }
  function pack(tree: string, tar: string): void {
    const file = openSync(tar, "w");
    execFileSync("tar", [...createOptions, "--directory", tree, "."], {
      env,
      stdio: ["ignore", file, "ignore"],
    });
    closeSync(file);
  }
  const compare = (tar: string, directory: string, more: Partial<CompareRequest> = {}) =>
    compareTree({
      archive: tar,
      compression: "none",
      directory,
      isTrusted: true,
      env,
      stallMs: 20_000,
      signal: new AbortController().signal,
      onBytes: () => undefined,
      ...more,
    });
  const write = (tree: string, files: Readonly<Record<string, string>>) => {
    for (const [name, content] of Object.entries(files)) writeFileSync(`${tree}/${name}`, content);
  };

  test("finds nothing in a tree of all names, links, holes and kinds that came out of its archive", async () => {
    const tree = sandbox.path("nasty");
    await createNastyTree(tree, { smallFiles: 2000 });
    const { tar, restored } = packed((directory) => {
      rmSync(directory, { recursive: true });
      symlinkSync(tree, directory);
    });
    const files = (kind: string, ...more: string[]) =>
      execFileSync("find", [restored, "-type", kind, ...more, "-printf", "x"]).length;
    const found = await compare(tar, restored);
    expect(found.problems).toEqual([]);
    expect(found.unjudged).toBe(0);
    expect(found.files + found.links).toBe(files("f") + 1);
    expect(found.files).toBeGreaterThan(2000);
    expect(found.bytes).toBeGreaterThan(1024 * megabyte);
  }, 60_000);

  test("finds a byte, a missing file, a shorter one, another target of a link, another kind, whatever their names", async () => {
    const { tar, restored } = packed((tree) => {
      write(tree, { byte: "x".repeat(70_000), gone: "1", "short\n\xff": "123", same: "same", kind: "k" });
      symlinkSync("same", `${tree}/link`);
      linkSync(`${tree}/same`, `${tree}/same too`);
    });
    const file = openSync(`${restored}/byte`, "r+");
    writeSync(file, "y", 69_999);
    closeSync(file);
    unlinkSync(`${restored}/gone`);
    truncateSync(`${restored}/short\n\xff`, 2);
    unlinkSync(`${restored}/link`);
    symlinkSync("byte", `${restored}/link`);
    unlinkSync(`${restored}/kind`);
    mkdirSync(`${restored}/kind`);
    unlinkSync(`${restored}/same too`);
    writeFileSync(`${restored}/same too`, "same");
    const { problems } = await compare(tar, restored);
    expect(new Set(problems)).toEqual(
      new Set([
        '"byte" has another content than in the archive',
        '"gone" was not restored',
        '"short\\u{a}ÿ" has 2 bytes, 3 in the archive',
        '"link" leads to "byte", in the archive to "same"',
        '"kind" is a directory, in the archive it is a file',
        '"same too" is a file, in the archive it is a hard link',
      ]),
    );
  });

  test("names the first ten of what differs, and counts the rest", async () => {
    const { tar, restored } = packed((tree) => {
      for (let index = 0; index < 3000; index += 1) writeFileSync(`${tree}/${index}`, "x");
    });
    for (let index = 0; index < 3000; index += 2) writeFileSync(`${restored}/${index}`, "y");
    const { problems, files } = await compare(tar, restored);
    expect(files).toBe(3000);
    expect(problems).toHaveLength(11);
    expect(problems.at(-1)).toBe("and 1490 more are not what the archive has");
  });

  test.each([
    ["its holes are full", (path: string) => execFileSync("cp", ["--sparse=never", path, `${path}.full`])],
    ["it has more of them", (path: string) => execFileSync("cp", ["--sparse=always", path, `${path}.full`])],
  ])("takes a file for the same when %s", async (_name, change) => {
    const { tar, restored } = packed((tree) => {
      writeFileSync(`${tree}/holes`, "");
      truncateSync(`${tree}/holes`, 3 * megabyte);
      appendFileSync(`${tree}/holes`, Buffer.concat([Buffer.from("data"), Buffer.alloc(megabyte)]));
      truncateSync(`${tree}/holes`, 5 * megabyte + 17);
    });
    change(`${restored}/holes`);
    execFileSync("mv", [`${restored}/holes.full`, `${restored}/holes`]);
    expect(await compare(tar, restored)).toMatchObject({ problems: [], files: 1, bytes: 5 * megabyte + 17 });
    truncateSync(`${restored}/holes`, 5 * megabyte + 18);
    const { problems } = await compare(tar, restored);
    expect(problems).toEqual([`"holes" has ${5 * megabyte + 18} bytes, ${5 * megabyte + 17} in the archive`]);
  });

  test("takes a file with holes between its blocks for the same as one that is full, whatever was read before", async () => {
    const write = (path: string) => {
      writeFileSync(path, "");
      const file = openSync(path, "r+");
      for (const block of [0, 2, 5]) writeSync(file, "x".repeat(4096), block * 4096);
      closeSync(file);
    };
    const { tar, restored } = packed((tree) => {
      writeFileSync(`${tree}/before`, Buffer.alloc(100_000, 0xff));
      write(`${tree}/holes`);
    });
    execFileSync("cp", ["--sparse=never", `${restored}/holes`, `${restored}/full`]);
    execFileSync("mv", [`${restored}/full`, `${restored}/holes`]);
    expect((await compare(tar, restored)).problems).toEqual([]);
  });

  test("finds data that is where it was not", async () => {
    const { tar, restored } = packed((tree) => writeFileSync(`${tree}/moved`, "x".repeat(65_536)));
    const place = (path: string, at: number) => {
      writeFileSync(path, "");
      truncateSync(path, 2 * megabyte);
      const file = openSync(path, "r+");
      writeSync(file, "x".repeat(65_536), at);
      closeSync(file);
    };
    const moved = sandbox.path("moved");
    mkdirSync(moved);
    place(`${moved}/moved`, 0);
    pack(moved, tar);
    place(`${restored}/moved`, 65_536 * 3);
    const { problems } = await compare(tar, restored);
    expect(problems).toEqual(['"moved" has another content than in the archive']);
  });

  test("finds a byte within what was a hole", async () => {
    const { tar, restored } = packed((tree) => {
      writeFileSync(`${tree}/holes`, "");
      truncateSync(`${tree}/holes`, 8 * megabyte);
    });
    const file = openSync(`${restored}/holes`, "r+");
    writeSync(file, "y", 5 * megabyte);
    closeSync(file);
    const { problems } = await compare(tar, restored);
    expect(problems).toEqual(['"holes" has another content than in the archive']);
  });

  const holes = (map: string, size: number, data = "") =>
    archive(
      pax([
        ["GNU.sparse.major", "1"],
        ["GNU.sparse.minor", "0"],
        ["GNU.sparse.name", "holes"],
        ["GNU.sparse.realsize", String(size)],
      ]),
      entry("GNUSparseFile.0/holes", { content: map.padEnd(512, "\0") + data }),
    );

  test("takes what is behind the map's last part for zeros, up to the size", async () => {
    const tar = sandbox.path("tail.tar");
    writeFileSync(tar, holes("1\n0\n4\n", 100_000, "data"));
    const restored = sandbox.path("tail");
    mkdirSync(restored);
    writeFileSync(`${restored}/holes`, Buffer.concat([Buffer.from("data"), Buffer.alloc(99_996)]));
    expect(await compare(tar, restored)).toMatchObject({ problems: [], files: 1, bytes: 100_000 });
  });

  test("takes no time for a file that claims to be a hole of exabytes", async () => {
    const tar = sandbox.path("exabytes.tar");
    writeFileSync(tar, holes("1\n9007199254740990\n0\n", 9_007_199_254_740_990));
    mkdirSync(sandbox.path("empty"));
    const { problems } = await compare(tar, sandbox.path("empty"));
    expect(problems).toEqual(['"holes" was not restored']);
  });

  test.each([
    ["ends early", holes("2\n0\n4\n", 100, "data")],
    ["goes backwards", holes("2\n50\n4\n10\n4\n", 100, "datadata")],
    ["leads behind the end", holes("1\n98\n4\n", 100, "data")],
    ["is no number", holes("1\nx\n4\n", 100, "data")],
    ["describes less than there is", holes("1\n0\n2\n", 100, "data")],
  ])("refuses an archive with a map of holes that %s", async (_name, bytes) => {
    const tar = sandbox.path("bad.tar");
    writeFileSync(tar, bytes);
    const error = await compare(tar, sandbox.directory).catch((one: unknown) => one);
    expect(error).toMatchObject({ outcome: "failed", message: expect.stringContaining("no valid map") });
  });

  test("counts what is stored in the older ways of holes, and does not judge its content", async () => {
    const { restored } = packed((tree) => {
      writeFileSync(`${tree}/holes`, "");
      truncateSync(`${tree}/holes`, megabyte);
      appendFileSync(`${tree}/holes`, "data");
    });
    for (const way of [
      ["--format=gnu"],
      ["--format=pax", "--sparse-version=0.0"],
      ["--format=pax", "--sparse-version=0.1"],
    ]) {
      const tar = sandbox.path("old.tar");
      execFileSync("tar", ["--create", `--file=${tar}`, "--sparse", ...way, "--directory", restored, "."], {
        env,
      });
      expect(await compare(tar, restored)).toMatchObject({ problems: [], files: 0, unjudged: 1 });
    }
  });

  test("says that it cannot judge a name that the archive has twice", async () => {
    const tar = sandbox.path("twice.tar");
    const filler = Array.from({ length: 5000 }, (_, index) => entry(`f${index}`, { content: "x" }));
    const twice = [entry("b", { content: "old" }), entry("b", { content: "new" })];
    const [first, last] = [entry("a", { content: "old" }), entry("a", { content: "new" })];
    writeFileSync(tar, archive(first, ...twice, ...filler, last));
    const restored = sandbox.path("twice");
    mkdirSync(restored);
    execFileSync("tar", ["--extract", `--file=${tar}`, "--directory", restored], { env });
    const found = await compare(tar, restored);
    expect(found).toMatchObject({ problems: [], unjudged: 2 });
  });

  test("asks for nothing that leads out of the directory", async () => {
    const tar = sandbox.path("out.tar");
    writeFileSync(
      tar,
      archive(
        entry("in", { type: "2", linkName: "/etc" }),
        entry("in/passwd", { content: "x" }),
        entry("../x"),
        entry("/etc/passwd"),
      ),
    );
    mkdirSync(sandbox.path("out"));
    symlinkSync("/etc", sandbox.path("out", "in"));
    expect(await compare(tar, sandbox.path("out"))).toMatchObject({ problems: [], files: 0, others: 1 });
  });

  test("says which of the two cannot be read", async () => {
    const { tar, restored } = packed((tree) => write(tree, { a: "a" }));
    truncateSync(tar, 1024);
    await expect(compare(tar, restored)).rejects.toThrow(/Cannot compare ".*": it is cut short/);
    await expect(compare(tar, `${restored}/nowhere`)).rejects.toThrow(/nowhere: Cannot open|nowhere/);
    await expect(compare(`${tar}.gone`, restored)).rejects.toThrow(/Cannot compare ".*No such file/);
  });
});
