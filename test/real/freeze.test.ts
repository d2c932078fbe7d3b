/** Each way to hold data still, on real file systems, to the end: what is unpacked from the archive is what was there at the stop. */
import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { FreezeStrategy } from "#lib/core/freeze.ts";
import type { FrozenRoot } from "#lib/stacks/freezer.ts";
import { stackArchive } from "#lib/stacks/stack-archive.ts";
import { surveyRoots } from "#lib/stacks/survey-roots.ts";
import { hasLoopDevices, isRoot } from "#test/support/capabilities.ts";
import { compareTrees, describeTree, type Tree } from "#test/support/compare-trees.ts";
import { childEnvironment, freezerOf, surveyAccess } from "#test/support/freezing.ts";
import { createNastyTree } from "#test/support/nasty-tree.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";

const testTimeoutMs = 120_000;

const withoutSockets = { ignore: (_path: string, { type }: { type: string }) => type === "socket" };

function btrfs(...args: readonly string[]): void {
  execFileSync("btrfs", args, { stdio: ["ignore", "ignore", "inherit"] });
}

/** Archive the frozen roots as a run does, and unpack them below a directory as a person would. */
function unpack(
  sandbox: Sandbox,
  roots: readonly FrozenRoot[],
  { definition = [], excludes = [] }: { definition?: readonly string[]; excludes?: readonly string[] } = {},
): string {
  const { producer } = stackArchive({ roots, definition, excludes });
  const output = sandbox.path(`unpacked-${crypto.randomUUID()}`);
  mkdirSync(output);
  const script =
    '"$@" >stack.tar 2>words; tar --xattrs --xattrs-include="*" --acls -xpf stack.tar 2>/dev/null';
  execFileSync("sh", ["-ec", script, "archive", ...producer], {
    cwd: output,
    env: { ...childEnvironment, LC_ALL: "C" },
  });
  return output;
}

const ways: readonly (readonly ["ext4" | "xfs" | "btrfs", FreezeStrategy])[] = [
  ["btrfs", "snapshot"],
  ["btrfs", "reflink"],
  ["btrfs", "presync"],
  ["xfs", "reflink"],
  ["xfs", "presync"],
  ["ext4", "presync"],
  ["ext4", "none"],
];

describe.skipIf(!hasLoopDevices)("freeze()", () => {
  test.each(ways)(
    "on %s by %s: the archive is the tree of that moment, whatever is written afterwards, and nothing is left",
    async (type, strategy) => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 400, type }, async ({ directory }) => {
        const root = join(directory, "apps", "a b,c.*[x]\\&\n-d");
        await createNastyTree(root, { smallFiles: 200, sparseMb: 64 });
        symlinkSync(join(root, "small"), join(root, "absolute link into the tree"));
        const freezer = await freezerOf([root], strategy);
        expect(freezer.strategy).toBe(strategy);
        await freezer.prepare();
        appendFileSync(join(root, "contents/one byte"), "written before the stop");
        const before: Tree = describeTree(root);
        const frozen = await freezer.freeze();
        expect([frozen.strategy, frozen.mustStayStopped, frozen.notes]).toEqual([
          strategy,
          strategy === "none",
          [],
        ]);
        if (strategy !== "none") {
          appendFileSync(join(root, "contents/one byte"), "written after the start");
          rmSync(join(root, "small"), { recursive: true });
        }
        const output = unpack(sandbox, frozen.roots);
        expect(compareTrees(before, describeTree(join(output, root)), withoutSockets)).toEqual([]);
        expect(await freezer.release()).toEqual([]);
        expect(freezer.journal.entries).toEqual([]);
        expect(freezer.journal.recorded).toHaveLength(strategy === "none" ? 0 : 1);
        expect(readdirSync(join(directory, "apps"))).toHaveLength(1);
        expect(readdirSync(directory).filter((name) => name !== "lost+found")).toEqual(["apps"]);
      });
    },
    testTimeoutMs,
  );

  test(
    "holds all roots of one subvolume by one snapshot, and others in their own ways",
    async () => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 200, type: "btrfs" }, async ({ directory }) => {
        btrfs("subvolume", "create", join(directory, "apps"));
        const roots = ["apps/one/data", "apps/two", "plain/three"].map((name) => join(directory, name));
        const other = sandbox.path("elsewhere");
        for (const root of [...roots, other]) {
          mkdirSync(root, { recursive: true });
          writeFileSync(join(root, "file"), root);
        }
        const freezer = await freezerOf([...roots, other], "snapshot");
        await freezer.prepare();
        const frozen = await freezer.freeze();
        expect(frozen.strategy).not.toBe("snapshot");
        for (const { original, frozen: path } of frozen.roots) {
          expect(readFileSync(join(path, "file"), "utf8")).toBe(original);
        }
        expect(new Set(frozen.roots.map((root) => root.original))).toEqual(new Set([...roots, other]));
        const snapshots = freezer.journal.recorded.filter(
          (entry) => entry.kind === "frozen" && entry.how === "btrfs",
        );
        expect(snapshots).toHaveLength(2);
        expect(await freezer.release()).toEqual([]);
        expect(readdirSync(join(directory, "apps"))).toEqual(["one", "two"]);
      });
    },
    testTimeoutMs,
  );

  test(
    "takes no snapshot of a root with a subvolume in it: the archive contains that",
    async () => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 200, type: "btrfs" }, async ({ directory }) => {
        const root = join(directory, "app");
        mkdirSync(root);
        btrfs("subvolume", "create", join(root, "db"));
        writeFileSync(join(root, "db/rows"), "rows");
        for (const strategy of ["reflink", "presync"] as const) {
          const freezer = await freezerOf([root], strategy);
          await freezer.prepare();
          const { roots } = await freezer.freeze();
          expect(readFileSync(join(unpack(sandbox, roots), root, "db/rows"), "utf8")).toBe("rows");
          expect(await freezer.release()).toEqual([]);
        }
        const freezer = await freezerOf([root], "snapshot");
        expect(freezer.strategy).not.toBe("snapshot");
        expect(freezer.notes).toEqual([
          `STACK_FREEZE is snapshot, which is not possible for "${root}": it would lack "db", which is a file system of its own`,
        ]);
      });
    },
    testTimeoutMs,
  );

  test(
    "holds a root that is a mount point: by a snapshot within it, which the archive lacks",
    async () => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 200, type: "btrfs" }, async ({ directory }) => {
        writeFileSync(join(directory, "file"), "content");
        const freezer = await freezerOf([directory], "snapshot");
        await freezer.prepare();
        const frozen = await freezer.freeze();
        expect(frozen.strategy).toBe("snapshot");
        const output = unpack(sandbox, frozen.roots);
        expect(readdirSync(join(output, directory))).toEqual(["file"]);
        // Nor is it in the archive of another stack that has the same data, while it is there.
        const same = unpack(sandbox, [{ original: directory, frozen: directory }]);
        expect(readdirSync(join(same, directory))).toEqual(["file"]);
        expect(await freezer.release()).toEqual([]);
        expect(readdirSync(directory)).toEqual(["file"]);
      });
    },
    testTimeoutMs,
  );

  test(
    "makes the copy of a mount point elsewhere, if there is a place that keeps everything",
    async () => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 40, type: "ext4" }, async ({ directory }) => {
        writeFileSync(join(directory, "file"), "content");
        const refused = await freezerOf([directory], "presync");
        expect(refused.strategy).toBe("none");
        expect(refused.notes[0]).toContain("is on its file system and safe from other users");
        for (const place of [{ spareDir: sandbox.directory }, { stagingDir: sandbox.directory }]) {
          const freezer = await freezerOf([directory], "presync", { survey: place });
          await freezer.prepare();
          const { roots } = await freezer.freeze();
          expect(roots[0]?.frozen).toStartWith(`${sandbox.directory}/.lastgood-`);
          expect(await freezer.release()).toEqual([]);
        }
        await withSmallFileSystem({ sizeMb: 10, type: "tmpfs" }, async (memory) => {
          const freezer = await freezerOf([directory], "presync", {
            survey: { stagingDir: memory.directory },
          });
          expect(freezer.notes[0]).toContain("is on tmpfs, which does not keep everything of a file");
        });
      });
    },
    testTimeoutMs,
  );

  test("without prepare() leaves the data where it lies", async () => {
    await using sandbox = await createSandbox();
    const file = await sandbox.write("app/file", "x");
    const freezer = await freezerOf([join(file, "..")], "presync");
    expect(await freezer.freeze()).toMatchObject({ strategy: "none", mustStayStopped: true });
    expect(await freezer.release()).toEqual([]);
  });
});

describe("stackArchive()", () => {
  test("takes files of the stack once, whether data lies in them or they in the data", async () => {
    await using sandbox = await createSandbox();
    const base = realpathSync(sandbox.directory);
    for (const name of [
      "stack/compose.yml",
      "stack/build/Dockerfile",
      "stack/build/data/live",
      "app/own.env",
    ]) {
      await sandbox.write(name, name);
    }
    await sandbox.write("frozen/data/live", "frozen");
    const definition = ["stack/compose.yml", "stack/build", "stack/build/Dockerfile", "app/own.env"].map(
      (name) => join(base, name),
    );
    const app = join(base, "app");
    const data = join(base, "stack/build/data");
    const namesWith = (frozen: string) => {
      const output = unpack(
        sandbox,
        [
          { original: app, frozen: app },
          { original: data, frozen },
        ],
        { definition },
      );
      const list = execFileSync("tar", ["-tf", join(output, "stack.tar")], { encoding: "utf8" });
      const names = list.split("\n").filter((line) => line !== "" && !line.endsWith("/"));
      expect(new Set(names).size).toBe(names.length);
      expect(new Set(names.map((name) => name.slice(base.length)))).toEqual(
        new Set(["stack/compose.yml", "stack/build/Dockerfile", "stack/build/data/live", "app/own.env"]),
      );
      return readFileSync(join(output, data, "live"), "utf8");
    };
    expect(namesWith(join(base, "frozen/data"))).toBe("frozen");
    expect(namesWith(data)).toBe("stack/build/data/live");
  });

  test("leaves out by patterns what is below the data alone: a pattern of the hidden directory it lies in means nothing", async () => {
    await using sandbox = await createSandbox();
    const base = realpathSync(sandbox.directory);
    for (const name of ["app/.hidden", "app/x/a.log", "app/kept"])
      await sandbox.write(`.lastgood-1a2b3c4d-p-0/${name}`, "");
    const original = join(base, "app");
    const root = { original, frozen: join(base, ".lastgood-1a2b3c4d-p-0/app") };
    const output = unpack(sandbox, [root], { excludes: [".*", "*.log", "app", "*"].slice(0, 3) });
    expect(new Set(describeTree(join(output, original)).keys())).toEqual(new Set(["", "kept", "x"]));
  });

  test("renames hard links with their files, and leaves symlinks", async () => {
    await using sandbox = await createSandbox();
    const base = realpathSync(sandbox.directory);
    const frozen = join(base, "frozen/app");
    await sandbox.write("frozen/app/one", "1");
    linkSync(join(frozen, "one"), join(frozen, "two"));
    symlinkSync(frozen, join(frozen, "link"));
    const original = join(base, "app");
    const output = unpack(sandbox, [{ original, frozen }]);
    const tree = describeTree(join(output, original));
    expect(tree.get("one")?.linkedNames).toEqual(["one", "two"]);
    expect(tree.get("link")?.target).toBe(frozen);
    expect(existsSync(join(output, frozen))).toBe(false);
  });

  test("says members by their original names, also those that tar writes with escapes", async () => {
    await using sandbox = await createSandbox();
    const base = realpathSync(sandbox.directory);
    const root = { original: join(base, "a\tü: b"), frozen: join(base, ".frozen\n/a\tü: b") };
    mkdirSync(root.frozen, { recursive: true });
    const archive = stackArchive({ roots: [root], definition: [], excludes: [] });
    const reader = archive.createReader();
    const said = base.slice(1);
    for (const line of [
      `tar: ${said}/.frozen\\n/a\\t\\303\\274: b/x: file changed as we read it`,
      `/bin/tar: ${said}/.frozen\\n/a\\t\\303\\274: b: File removed before we read it`,
      `tar: ${said}/other: Cannot open: Permission denied`,
      `Total bytes written: 10240 (10KiB, 1MiB/s)`,
    ]) {
      reader.readLine(line);
    }
    expect(reader.classifyExit(2)).toMatchObject({
      changed: { names: [`${said}/a\\t\\303\\274: b/x`] },
      vanished: { names: [`${said}/a\\t\\303\\274: b`] },
      unreadable: { names: [`${said}/other`] },
      problems: [],
      bytesWritten: 10240,
    });
  });
});

describe("surveyRoots()", () => {
  test("follows symlinks, and takes of roots within each other the outermost", async () => {
    await using sandbox = await createSandbox();
    const base = realpathSync(sandbox.directory);
    await sandbox.write("data/app/db/file", "x");
    symlinkSync("data/app", sandbox.path("app"));
    const facts = await surveyRoots(
      [sandbox.path("app"), sandbox.path("data/app/db"), sandbox.path("app/db/file")],
      surveyAccess(),
    );
    expect(facts.map(({ path }) => path)).toEqual([join(base, "data/app")]);
    expect(facts[0]).toMatchObject({ files: 3, staging: join(base, "data") });
  });

  test.skipIf(!isRoot)(
    "makes copies where no other user can replace them while they are written",
    async () => {
      await using sandbox = await createSandbox();
      const base = realpathSync(sandbox.directory);
      await sandbox.write("home/ann/apps/plex/file", "x");
      const stagingOf = async () =>
        (await surveyRoots([join(base, "home/ann/apps/plex")], surveyAccess()))[0]?.staging;
      expect(await stagingOf()).toBe(join(base, "home/ann/apps"));
      chmodSync(join(base, "home/ann/apps"), 0o775);
      expect(await stagingOf()).toBe(join(base, "home/ann"));
      chmodSync(join(base, "home/ann/apps"), 0o1777);
      expect(await stagingOf()).toBe(join(base, "home/ann/apps"));
      chownSync(join(base, "home/ann"), 4242, 4242);
      expect(await stagingOf()).toBe(join(base, "home"));
    },
  );

  test("counts nothing that is left out", async () => {
    await using sandbox = await createSandbox();
    await sandbox.write("app/kept", "x".repeat(5000));
    await sandbox.write("app/cache/big", "x".repeat(500_000));
    const [facts] = await surveyRoots([sandbox.path("app")], surveyAccess({ excludes: ["cache"] }));
    expect(facts).toMatchObject({ files: 2 });
    expect(facts?.bytes).toBeLessThan(50_000);
  });
});
