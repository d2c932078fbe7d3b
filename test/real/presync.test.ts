/** The copy before the stop and what is done to it in the window, on real file systems: it must be the tree as it was at the stop. */
import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import { hasLoopDevices } from "#test/support/capabilities.ts";
import { compareTrees, describeTree } from "#test/support/compare-trees.ts";
import { freezerOf } from "#test/support/freezing.ts";
import { createNastyTree } from "#test/support/nasty-tree.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";

const isWhole = process.env["LASTGOOD_FAULT"] === "whole";
const testTimeoutMs = 120_000;

const types = ["ext4", "xfs", "btrfs"] as const;

/** A root on a file system of its own. */
async function withRoot(type: (typeof types)[number], body: (root: string) => Promise<void>): Promise<void> {
  await withSmallFileSystem({ sizeMb: 400, type }, async ({ directory }) => {
    const root = join(directory, "app");
    mkdirSync(root);
    await body(root);
    expect(readdirSync(directory).filter((name) => name !== "lost+found")).toEqual(["app"]);
  });
}

/** Copy the tree, change it, freeze it: the frozen one is what the changed one is. */
async function expectExact(
  root: string,
  change: () => void | Promise<void>,
  excludes: readonly string[] = [],
): Promise<void> {
  const freezer = await freezerOf([root], "presync", { excludes });
  try {
    await freezer.prepare();
    await change();
    const now = describeTree(root);
    const frozen = await freezer.freeze();
    expect([frozen.strategy, frozen.notes]).toEqual(["presync", []]);
    const [copy] = frozen.roots;
    expect(copy?.frozen).not.toBe(root);
    const ignore = (_path: string, { type }: { type: string }) => type === "socket";
    expect(compareTrees(now, describeTree(copy?.frozen ?? ""), { ignore })).toEqual([]);
  } finally {
    expect(await freezer.release()).toEqual([]);
  }
}

function runIn(directory: string, script: string): void {
  execFileSync("bash", ["-euc", script], { cwd: directory, stdio: ["ignore", "ignore", "inherit"] });
}

describe.skipIf(!hasLoopDevices).each(types)("presync on %s", (type) => {
  test(
    "keeps everything that a file system knows of a tree, and changes of every kind",
    () =>
      withRoot(type, async (root) => {
        await createNastyTree(root, { smallFiles: 300, sparseMb: 64 });
        await expectExact(root, () => {
          // Of each kind one that was there and one that is new.
          writeFileSync(join(root, "names/new\nline"), "changed");
          writeFileSync(join(root, "names/another\nline \\n"), "new");
          rmSync(join(root, "names/-rf"));
          chmodSync(join(root, "modes/file-0644"), 0o600);
          chownSync(join(root, "small/0000/file-1.txt"), 4242, 4243);
          runIn(root, "setfattr -n user.late -v x attributes/file; setfacl -m u:4999:r attributes/acl");
          rmSync(join(root, "small/0001"), { recursive: true });
          writeFileSync(join(root, "small/0001"), "a file where a directory was");
          unlinkSync(join(root, "contents/one byte"));
          mkdirSync(join(root, "contents/one byte/deeper"), { recursive: true });
          writeFileSync(join(root, "contents/one byte/deeper/file"), "a directory where a file was");
          unlinkSync(join(root, "links/dangling"));
          symlinkSync("/somewhere/else", join(root, "links/dangling"));
          truncateSync(join(root, "contents/sparse"), 32 * 1024 * 1024);
          runIn(root, "mkfifo special/late; rm special/fifo; mknod special/fifo c 1 3");
        });
      }),
    testTimeoutMs,
  );

  test(
    "sees what sizes and times hide: forged times, swapped directories, swapped files, a moved tree",
    () =>
      withRoot(type, async (root) => {
        for (const name of ["a", "b", "c"]) {
          mkdirSync(join(root, name));
          writeFileSync(join(root, name, "file"), `${name}${name}`);
          utimesSync(join(root, name, "file"), 1_000_000, 1_000_000);
          utimesSync(join(root, name), 1_000_000, 1_000_000);
        }
        writeFileSync(join(root, "forged"), "before");
        utimesSync(join(root, "forged"), 1_000_000, 1_000_000);
        await expectExact(root, () => {
          writeFileSync(join(root, "forged"), "after!");
          utimesSync(join(root, "forged"), 1_000_000, 1_000_000);
          renameSync(join(root, "a"), join(root, "t"));
          renameSync(join(root, "b"), join(root, "a"));
          renameSync(join(root, "t"), join(root, "b"));
          renameSync(join(root, "c"), join(root, "d"));
          utimesSync(root, 1_000_000, 1_000_000);
        });
      }),
    testTimeoutMs,
  );

  test(
    "keeps hard links together, whichever name of them is new, gone or changed",
    () =>
      withRoot(type, async (root) => {
        for (const name of ["one", "two", "three"]) {
          writeFileSync(join(root, name), name.repeat(100_000));
          linkSync(join(root, name), join(root, `${name} again`));
        }
        mkdirSync(join(root, "sub"));
        linkSync(join(root, "three"), join(root, "sub/three"));
        await expectExact(root, () => {
          appendFileSync(join(root, "one"), "more");
          linkSync(join(root, "two"), join(root, "sub/two"));
          unlinkSync(join(root, "three again"));
          const file = openSync(join(root, "one again"), "r+");
          writeSync(file, "X", 7);
          closeSync(file);
        });
      }),
    testTimeoutMs,
  );

  test(
    "sees what a program writes into its mapped memory, although it maps before the copy and never syncs",
    () =>
      withRoot(type, async (root) => {
        const path = join(root, "mapped");
        writeFileSync(path, Buffer.alloc(64 * 1024, "a"));
        const memory = Bun.mmap(path, { shared: true });
        memory[10_000] = 0x62;
        await expectExact(root, () => {
          memory[10_001] = 0x63;
        });
        expect(memory[10_001]).toBe(0x63);
      }),
    testTimeoutMs,
  );

  test(
    "leaves out what is excluded, also what comes to be excluded by a move",
    () =>
      withRoot(type, async (root) => {
        mkdirSync(join(root, "cache/deep"), { recursive: true });
        writeFileSync(join(root, "cache/deep/file"), "x");
        writeFileSync(join(root, "kept.txt"), "x");
        mkdirSync(join(root, "logs"));
        writeFileSync(join(root, "logs/a.log"), "x");
        const freezer = await freezerOf([root], "presync", { excludes: ["cache", "*.log"] });
        await freezer.prepare();
        renameSync(join(root, "kept.txt"), join(root, "kept.log"));
        writeFileSync(join(root, "cache/late"), "x");
        writeFileSync(join(root, "logs/late.txt"), "x");
        const { roots } = await freezer.freeze();
        const names = new Set(describeTree(roots[0]?.frozen ?? "").keys());
        expect(names).toEqual(new Set(["", "logs", "logs/late.txt"]));
        expect(await freezer.release()).toEqual([]);
      }),
    testTimeoutMs,
  );

  test(
    "freezes a single file",
    () =>
      withRoot(type, async (root) => {
        const path = join(root, "acme.json");
        writeFileSync(path, "{}", { mode: 0o600 });
        for (const content of ['{"changed": true}', undefined]) {
          const freezer = await freezerOf([path], "presync");
          await freezer.prepare();
          if (content !== undefined) writeFileSync(path, content);
          const { roots } = await freezer.freeze();
          const frozen = roots[0]?.frozen ?? "";
          expect(basename(frozen)).toBe("acme.json");
          expect(readFileSync(frozen, "utf8")).toBe('{"changed": true}');
          expect([statSync(frozen).mode, statSync(frozen).mtimeMs]).toEqual([
            0o100600,
            statSync(path).mtimeMs,
          ]);
          expect(await freezer.release()).toEqual([]);
        }
      }),
    testTimeoutMs,
  );

  test(
    "is exact after random changes before, during and after the copy",
    () =>
      withRoot(type, async (root) => {
        for (let seed = 1; seed <= (isWhole ? 60 : 4); seed += 1) {
          rmSync(root, { recursive: true });
          mkdirSync(root);
          const mutate = createMutator(root, seed);
          for (let step = 0; step < 150; step += 1) mutate();
          let isCopying = true;
          const meanwhile = (async () => {
            while (isCopying) {
              mutate();
              await new Promise(setImmediate);
            }
          })();
          await expectExact(root, async () => {
            isCopying = false;
            await meanwhile;
            for (let step = 0; step < 40; step += 1) mutate();
          });
        }
      }),
    testTimeoutMs,
  );
});

/** One random change after the other, the same for the same seed. */
function createMutator(root: string, seed: number): () => void {
  let state = seed * 2_654_435_761;
  const random = (below: number): number => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0;
    return (state >>> 8) % below;
  };
  let serial = 0;
  const paths = (): string[] =>
    (readdirSync(root, { recursive: true, encoding: "utf8" }) as string[]).map((name) => join(root, name));
  const pick = (wanted: (path: string) => boolean): string | undefined => {
    const found = paths().filter(wanted);
    return found[random(Math.max(1, found.length))];
  };
  const isKind = (kind: "isDirectory" | "isFile") => (path: string) => lstatSync(path)[kind]();
  const fresh = () => {
    serial += 1;
    return join(pick(isKind("isDirectory")) ?? root, `n${serial}`);
  };
  const bytes = () => Buffer.alloc(random(8) === 0 ? 300_000 : random(4000), String(random(10)));
  const acts: readonly (() => void)[] = [
    () => writeFileSync(fresh(), bytes()),
    () => mkdirSync(fresh()),
    () => symlinkSync(`target-${random(100)}`, fresh()),
    () => onto(pick(isKind("isFile")), (path) => writeFileSync(path, bytes())),
    () => onto(pick(isKind("isFile")), (path) => appendFileSync(path, "more")),
    () => onto(pick(isKind("isFile")), (path) => linkSync(path, fresh())),
    () => onto(pick(isKind("isFile")), unlinkSync),
    () => onto(pick(isKind("isFile")), (path) => chmodSync(path, 0o600 + random(64))),
    () => onto(pick(isKind("isFile")), (path) => utimesSync(path, 1_000_000, 1_000_000)),
    () => onto(random(6) === 0 ? pick(() => true) : undefined, (path) => rmSync(path, { recursive: true })),
    () =>
      onto(pick(isKind("isFile")), (path) => {
        unlinkSync(path);
        mkdirSync(path);
      }),
    () =>
      onto(
        pick(() => true),
        (path) => {
          const to = fresh();
          if (!to.startsWith(`${path}/`) && !existsSync(to)) renameSync(path, to);
        },
      ),
    () =>
      onto(pick(isKind("isDirectory")), (one) =>
        onto(pick(isKind("isDirectory")), (other) => {
          if (`${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`)) return;
          renameSync(one, join(root, "swap"));
          renameSync(other, one);
          renameSync(join(root, "swap"), other);
        }),
      ),
  ];
  return () => acts[random(acts.length)]?.();
}

function onto(path: string | undefined, act: (path: string) => void): void {
  if (path !== undefined && statSync(path, { throwIfNoEntry: false }) !== undefined) act(path);
}
