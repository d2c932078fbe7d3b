/** Copies of trees, when the programs that make them fail. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { copyByCp } from "#lib/stacks/copy-by-cp.ts";
import { copyByTar } from "#lib/stacks/copy-by-tar.ts";
import { feedNames } from "#lib/stacks/feed-names.ts";
import { listTree } from "#lib/stacks/list-tree.ts";
import { childEnvironment, createTestJournal, freezeAccess } from "#test/support/freezing.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

let sandbox: Sandbox;
let root: string;
let target: string;

const accessOf = (stallMs = 10_000) =>
  freezeAccess(createTestJournal(), {
    env: { PATH: `${sandbox.bin}:${childEnvironment.PATH}` },
    stallMs,
  });

beforeEach(async () => {
  sandbox = await createSandbox();
  await sandbox.write("app/file", "x");
  root = sandbox.path("app");
  target = sandbox.path("target");
  mkdirSync(target);
});

afterEach(() => sandbox[Symbol.asyncDispose]());

/** A tar that does this when it creates, and extracts as ever. */
const fakeTar = (script: string) =>
  sandbox.fake("tar", `#!/bin/sh\ncase " $* " in *" --create "*) ${script};; *) exec /bin/tar "$@";; esac\n`);

describe("copyByTar()", () => {
  const copy = (isLive: boolean, stallMs?: number) =>
    copyByTar(root, target, { excludes: [] }, isLive, accessOf(stallMs));
  const empty = "head -c 10240 /dev/zero";

  test.each([
    ["echo 'tar: ./app/file: Cannot open: Permission denied' >&2; exit 2", 'cannot read "./app/file"'],
    ["echo 'tar: ./app/file: Input/output error' >&2; exit 2", "tar: ./app/file: Input/output error"],
    ["kill -9 $$", "tar ended with 137"],
  ])("of a tree that stands still fails when tar does: %s", async (script, reason) => {
    await fakeTar(`${empty}; ${script}`);
    await expect(copy(false)).rejects.toThrow(`Cannot copy "${root}": ${reason}`);
  });

  test.each(["file changed as we read it", "File removed before we read it"])(
    "takes no offence when others write there: %s",
    async (words) => {
      await fakeTar(`${empty}; echo 'tar: ./app/file: ${words}' >&2; exit 1`);
      await copy(false);
    },
  );

  test("of a tree that lives passes over what cannot be read", async () => {
    await fakeTar(`${empty}; echo 'tar: ./app/file: Cannot open: Permission denied' >&2; exit 2`);
    await copy(true);
    await fakeTar(`${empty}; echo 'tar: ./app/file: Input/output error' >&2; exit 2`);
    await expect(copy(true)).rejects.toThrow("Input/output error");
  });

  test("is given up when not a byte moves, and lives as long as tar says a word", async () => {
    await fakeTar("sleep 600");
    await expect(copy(true, 300)).rejects.toThrow(`Cannot copy "${root}": not a byte for 0.3 s`);
    const words = "for n in 1 2 3 4 5 6; do echo 'tar: Write checkpoint 1000' >&2; sleep 0.1; done";
    await fakeTar(`${empty}; ${words}`);
    await copy(false, 400);
  });
});

describe("copyByCp()", () => {
  const copy = (isLive: boolean) => copyByCp(root, target, isLive, accessOf());
  const vanished = "cp: cannot stat '/x': No such file or directory";
  const full = "cp: error writing '/y': No space left on device";

  test.each([
    [[vanished], true, undefined],
    [[vanished], false, vanished],
    [[vanished, full, vanished], true, full],
    [["cp: skipping file '/x', as it was replaced while being copied"], true, undefined],
  ])("%j of a tree, alive: %p", async (lines, isLive, reason) => {
    await sandbox.fake("cp", `#!/bin/sh\ncat >&2 <<'END'\n${lines.join("\n")}\nEND\nexit 1\n`);
    if (reason === undefined) await copy(isLive);
    else await expect(copy(isLive)).rejects.toThrow(`Cannot copy "${root}": ${reason}`);
  });
});

describe("listTree()", () => {
  const list = (isLive: boolean) => listTree(root, isLive, { ...accessOf(), isExcluded: () => false });

  test("fails on what cannot be listed while nothing may change, and passes over it before", async () => {
    await sandbox.fake(
      "find",
      `#!/bin/sh\n/usr/bin/find "$@"; echo "find: '$1/db': Permission denied" >&2; exit 1\n`,
    );
    expect((await list(true)).size).toBe(2);
    await expect(list(false)).rejects.toThrow(`Cannot list "${root}": find: '${root}/db': Permission denied`);
  });

  test("fails when the root is gone", async () => {
    root = sandbox.path("nothing");
    await expect(list(true)).rejects.toThrow(`Cannot list "${root}": it is gone`);
  });
});

describe("feedNames()", () => {
  const feed = (command: readonly [string, ...string[]], names: readonly string[], stallMs?: number) =>
    feedNames(command, names, "do it", accessOf(stallMs));

  test("hands over names of any bytes, each ended by a NUL", async () => {
    const path = sandbox.path("names");
    await feed(["sh", "-c", 'cat >"$1"', "sh", path], ["a\nb", "\u00ff\u0080"]);
    expect([...(await Bun.file(path).bytes())]).toEqual([0x61, 0x0a, 0x62, 0, 0xff, 0x80, 0]);
  });

  test("does nothing without names", async () => {
    await feed(["false"], []);
  });

  test("fails in the program's words", async () => {
    await expect(
      feed(["sh", "-c", "cat >/dev/null; echo first >&2; echo last >&2; exit 3"], ["x"]),
    ).rejects.toThrow("Cannot do it: last");
    await expect(feed(["sh", "-c", "exit 3"], ["x"])).rejects.toThrow("Cannot do it: it ended with 3");
    await expect(feed(["no-such-program"], ["x"])).rejects.toThrow(
      "Cannot do it: Cannot run no-such-program",
    );
  });

  test("ends a program that does not", async () => {
    await expect(feed(["sleep", "600"], ["x"], 200)).rejects.toThrow(
      "no answer from the file system after 0.2 s",
    );
  });
});
