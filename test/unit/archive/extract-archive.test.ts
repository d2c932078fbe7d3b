import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { type ExtractRequest, extractArchive } from "#lib/archive/extract-archive.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { hasLoopDevices, isRoot } from "#test/support/capabilities.ts";
import { compareTrees, describeTree } from "#test/support/compare-trees.ts";
import { hostileArchives } from "#test/support/hostile-archives.ts";
import { createNastyTree } from "#test/support/nasty-tree.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { archive, entry } from "#test/support/tar-builder.ts";

const environment = { PATH: process.env.PATH ?? "" };

function requestIn(sandbox: Sandbox, bytes: Buffer, changes: Partial<ExtractRequest> = {}): ExtractRequest {
  const path = sandbox.path("archive.tar");
  writeFileSync(path, bytes);
  mkdirSync(sandbox.path("target"));
  return {
    archive: path,
    compression: "none",
    directory: sandbox.path("target"),
    isTrusted: false,
    paths: [],
    maxEntries: 50,
    maxBytes: 256 * 1024,
    keepsOwners: isRoot,
    env: environment,
    stallMs: 20_000,
    signal: new AbortController().signal,
    onBytes: () => undefined,
    ...changes,
  };
}

/** Everything outside the target: names, kinds, modes, times, links, content. */
function inventory(sandbox: Sandbox): string[] {
  return [...describeTree(sandbox.directory)]
    .filter(([path]) => path !== "target" && !path.startsWith("target/"))
    .map((one) => JSON.stringify(one));
}

describe("extractArchive()", () => {
  test.each(hostileArchives("/tmp/x").map(({ name }, index) => [name, index] as const))(
    "writes nothing outside its directory for %s, and names it",
    async (_name, index) => {
      await using sandbox = await createSandbox();
      const victim = await sandbox.write("victim", "as it was\n");
      const hostile = hostileArchives(victim)[index]!;
      const request = requestIn(sandbox, hostile.bytes);
      const before = inventory(sandbox);
      const extracted = await extractArchive(request).catch((error: unknown) => error);
      expect(new Set(inventory(sandbox))).toEqual(new Set(before));
      if (hostile.whole !== undefined) {
        expect(extracted).toBeInstanceOf(OpsError);
        expect(extracted).toMatchObject({
          outcome: "failed",
          cause: { message: expect.stringContaining(hostile.whole) },
        });
        return;
      }
      const { members, problems } = extracted as Awaited<ReturnType<typeof extractArchive>>;
      expect(problems).toEqual([]);
      const expected = (words: readonly string[] = []) => ({
        count: words.length,
        members: words.map((word) => ({ name: expect.any(String), reason: expect.stringContaining(word) })),
      });
      expect(members.refused).toEqual(expected(hostile.refused));
      expect(members.neutralised).toEqual(expected(hostile.neutralised));
      const setId = readdirSync(sandbox.path("target")).filter(
        (name) => (lstatSync(sandbox.path("target", name)).mode & 0o6000) !== 0,
      );
      expect(setId).toEqual([]);
      const isGoodWanted = hostile.bytes.includes("good\n");
      if (isGoodWanted) expect(readFileSync(sandbox.path("target/good"), "utf8")).toBe("good\n");
    },
  );

  test("gives set-user-id bits back in a set that is trusted", async () => {
    await using sandbox = await createSandbox();
    const bytes = archive(entry("sudo", { mode: "0004755", content: "x" }));
    const { members } = await extractArchive(requestIn(sandbox, bytes, { isTrusted: true }));
    expect(members.neutralised.count).toBe(0);
    expect(statSync(sandbox.path("target/sudo")).mode & 0o7777).toBe(0o4755);
  });

  test("extracts what is asked for, what lies below it, and the directories that lead there", async () => {
    await using sandbox = await createSandbox();
    const dir = (name: string) => entry(name, { type: "5", mode: "0000750" });
    const bytes = archive(
      dir("./"),
      dir("./a/"),
      entry("./a/b", { content: "b" }),
      entry("./a/bc"),
      dir("./a/d/"),
      entry("./a/d/e"),
      entry("./f"),
    );
    const paths = ["a/b", "./a/d/", "nothing"];
    const { members } = await extractArchive(requestIn(sandbox, bytes, { paths }));
    const found = readdirSync(sandbox.path("target"), { recursive: true });
    expect(new Set(found as string[])).toEqual(new Set(["a", "a/b", "a/d", "a/d/e"]));
    expect(statSync(sandbox.path("target/a")).mode & 0o777).toBe(0o750);
    expect(members).toMatchObject({ entries: 7, missing: ["nothing"], refused: { count: 0 } });
  });

  test("says which member a hard link needs that was not asked for", async () => {
    await using sandbox = await createSandbox();
    const bytes = archive(entry("one", { content: "x" }), entry("two", { type: "1", linkName: "one" }));
    const { members } = await extractArchive(requestIn(sandbox, bytes, { paths: ["two"] }));
    expect(members.refused.members).toEqual([
      { name: "two", reason: 'it is a hard link to "one": ask for that as well' },
    ]);
  });

  test.skipIf(!isRoot)(
    "brings back a tree that has everything, in every format of GNU tar",
    async () => {
      await using origin = await createSandbox();
      await createNastyTree(origin.path("tree"), { smallFiles: 300, sparseMb: 16 });
      const before = describeTree(origin.path("tree"));
      const options = [
        "--create",
        "--sort=name",
        "--numeric-owner",
        "--acls",
        "--xattrs",
        "--xattrs-include=*",
        "--sparse",
        "--format=pax",
      ];
      for (const more of [
        [],
        ["--pax-option=delete=atime,delete=ctime"],
        ["--sparse-version=0.0"],
        ["--sparse-version=0.1"],
      ]) {
        await using sandbox = await createSandbox();
        const tar = execFileSync("tar", [...options, ...more, "-C", origin.path("tree"), "."], {
          maxBuffer: 1e9,
          stdio: ["ignore", "pipe", "ignore"],
        });
        const limits = { isTrusted: true, maxEntries: 10_000, maxBytes: 1e9 };
        const { members, problems } = await extractArchive(requestIn(sandbox, tar, limits));
        expect(problems).toEqual([]);
        expect(members.refused.count).toBe(0);
        const after = describeTree(sandbox.path("target"));
        expect(compareTrees(before, after, { ignore: (_, { type }) => type === "socket" })).toEqual([]);
      }
    },
    60_000,
  );

  test.skipIf(!hasLoopDevices)(
    "fails on a disk that takes the beginning of a file, and no more",
    async () => {
      await using sandbox = await createSandbox();
      const bytes = archive(entry("large", { content: "x".repeat(3 * 1024 * 1024) }));
      const maxBytes = 4 * 1024 * 1024;
      await withSmallFileSystem({ sizeMb: 2, type: "tmpfs" }, async ({ directory }) => {
        const extracting = extractArchive(requestIn(sandbox, bytes, { directory, maxBytes }));
        await expect(extracting).rejects.toMatchObject({
          outcome: "failed",
          hint: expect.stringContaining("Free space"),
        });
      });
    },
  );

  test("fails on every truncation of a compressed archive, and on every byte that is another", async () => {
    await using sandbox = await createSandbox();
    const tar = archive(entry("a", { content: "some content\n".repeat(50) }), entry("b"));
    const request = requestIn(sandbox, tar);
    const whole = execFileSync("zstd", ["-q", "-c", request.archive]);
    for (const at of [0, 1, 10, Math.floor(whole.length / 2), whole.length - 1]) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 0x10;
      for (const bytes of [whole.subarray(0, at), changed]) {
        await using other = await createSandbox();
        const attempt = extractArchive(requestIn(other, bytes, { compression: "zstd" }));
        await expect(attempt).rejects.toMatchObject({ outcome: "failed" });
      }
    }
  });

  test("fails when the archive is empty, and when it is gone", async () => {
    await using sandbox = await createSandbox();
    const request = requestIn(sandbox, archive(entry("a")));
    truncateSync(request.archive, 0);
    await expect(extractArchive(request)).rejects.toMatchObject({ cause: { message: "it is cut short" } });
    const gone = { ...request, archive: sandbox.path("gone") };
    await expect(extractArchive(gone)).rejects.toThrow(/cannot open/i);
  });

  test("ends tar and the decompression when it is stopped", async () => {
    await using sandbox = await createSandbox();
    const stop = new AbortController();
    const bytes = archive(entry("big", { content: "x".repeat(200_000) }));
    const onBytes = () => stop.abort(new Error("stopped"));
    await expect(extractArchive(requestIn(sandbox, bytes, { signal: stop.signal, onBytes }))).rejects.toThrow(
      "stopped",
    );
  });
});
