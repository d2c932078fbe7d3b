/** A directory of this host as a store: a disk that is not mounted, is full, is read-only, is damaged, or hangs. */
import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StoreTarget } from "#lib/core/store-target.ts";
import { createDirectoryRemote } from "#lib/stores/directory-remote.ts";
import type { Remote } from "#lib/stores/remote.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { hasLoopDevices, isRoot, isSystemAdmin } from "#test/support/capabilities.ts";
import { targetOf } from "#test/support/faulty-remote.ts";
import { createJob } from "#test/support/job.ts";
import { expectEveryOperation, expectNoBase, nastyName, refusalOf } from "#test/support/remote-operations.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";
import { type SmallFileSystem, withSmallFileSystem } from "#test/support/small-filesystem.ts";

const env = { PATH: process.env.PATH ?? "" };
const { signal } = new AbortController();
const limits = { signal, timeoutMs: 20_000 };
const transfer = { signal, stallMs: 20_000, bytesPerSecond: undefined, onBytes: () => undefined };

function remoteOf(path: string, changes: Partial<StoreTarget> = {}): Remote {
  const address = { kind: "directory", path } as const;
  const access = { exec: createExec(env), clock: systemClock, env };
  return createDirectoryRemote({ ...targetOf({ address, ...changes }), address }, access);
}

/** Freeze it for `body`, and thaw it whatever happens: what writes to a frozen file system cannot even be killed. */
async function whileFrozen<Value>(fileSystem: SmallFileSystem, body: () => Promise<Value>): Promise<Value> {
  const rescue = spawn("sh", ["-c", 'sleep 100; fsfreeze --unfreeze "$0"', fileSystem.directory], {
    stdio: "ignore",
    detached: true,
  });
  fileSystem.freeze();
  try {
    return await body();
  } finally {
    fileSystem.thaw();
    if (rescue.pid !== undefined) process.kill(-rescue.pid, "SIGKILL");
  }
}

describe("A store in a directory", () => {
  test("does every operation in a base of any name, on files of any name", async () => {
    await using sandbox = await createSandbox();
    const base = sandbox.path(nastyName);
    mkdirSync(base);
    await expectEveryOperation(remoteOf(base), base, sandbox);
  });

  test("does not create its base", async () => {
    await using sandbox = await createSandbox();
    const base = sandbox.path("not mounted");
    await expectNoBase(remoteOf(base), base, sandbox);
  });

  test("begins a file again, whatever lies in its place", async () => {
    await using sandbox = await createSandbox();
    const base = sandbox.path("base");
    await sandbox.write("base/p/longer", "much longer");
    await sandbox.write("base/p/directory/full", "");
    const kept = await sandbox.write("kept", "kept");
    symlinkSync(kept, join(base, "p/link"));
    const local = await sandbox.write("local", "short");
    const sent: number[] = [];
    for (const path of ["p/longer", "p/directory", "p/link"]) {
      await remoteOf(base).upload(local, path, { ...transfer, onBytes: (bytes) => sent.push(bytes) });
      expect(readFileSync(join(base, path), "utf8")).toBe("short");
    }
    expect([readFileSync(kept, "utf8"), sent]).toEqual(["kept", [5, 5, 5]]);
  });

  test.each(["", "/etc", "../up", "a/../../b", "a//b", ".", "a\nb"])("never removes %j", async (path) => {
    await using sandbox = await createSandbox();
    await expect(remoteOf(sandbox.directory).remove(path, limits)).rejects.toThrow("no path below");
  });

  test("is refused where nothing is mounted, or the marker of the disk is missing", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("mount point");
    mkdirSync(path);
    const unmounted = await refusalOf(remoteOf(path, { mount: { path, marker: undefined } }).check(limits));
    expect(unmounted.message).toContain("nothing is mounted there");
    const marked = { mount: { path, marker: ".this-is-the-nas" } };
    expect((await refusalOf(remoteOf(path, marked).check(limits))).message).toContain(".this-is-the-nas");
    expect(readdirSync(path)).toEqual([]);
    writeFileSync(join(path, ".this-is-the-nas"), "");
    await remoteOf(path, marked).check(limits);
  });

  test.skipIf(!isSystemAdmin)("is taken where something is mounted", async () => {
    await withSmallFileSystem({ sizeMb: 4, type: "tmpfs" }, async ({ directory, makeReadOnly }) => {
      const remote = remoteOf(directory, { mount: { path: directory, marker: undefined } });
      await remote.check(limits);
      makeReadOnly();
      const error = await refusalOf(remote.check(limits));
      expect(error.message).toContain("not writable");
    });
  });

  test.skipIf(!isSystemAdmin)("says that its disk is full", async () => {
    await using sandbox = await createSandbox();
    const local = await sandbox.write("local", "");
    writeFileSync(local, randomBytes(8_000_000));
    await withSmallFileSystem({ sizeMb: 4, type: "tmpfs" }, async ({ directory }) => {
      const error = await refusalOf(remoteOf(directory).upload(local, "p/file", transfer));
      expect(error.message).toContain("No space left");
      expect(error.hint).toContain("Free space");
      writeFileSync(join(directory, "filler"), "");
      await refusalOf(
        remoteOf(directory).writeFile("p/text", randomBytes(8_000_000).toString("hex"), limits),
      );
      expect(readdirSync(join(directory, "p"))).toEqual(["file"]);
    });
  });

  test.skipIf(!hasLoopDevices)("throws when a directory is damaged, instead of passing over it", async () => {
    await withSmallFileSystem({ sizeMb: 20, type: "ext4" }, async (fileSystem) => {
      const remote = remoteOf(fileSystem.directory);
      for (const host of ["web1", "web2"])
        await remote.writeFile(`${host}/app/s/manifest.json`, "{}", limits);
      expect(await remote.readManifests(3, limits)).toHaveLength(2);
      fileSystem.damage("/web1/app");
      await refusalOf(remote.readManifests(3, limits));
      await refusalOf(remote.list("web1/app", limits));
    });
  });
});

describe.skipIf(!(hasLoopDevices && isRoot))("A store in a directory whose disk hangs", () => {
  test("fails every operation that writes within its limit", async () => {
    await using sandbox = await createSandbox();
    const local = await sandbox.write("local", "x");
    const [short, quick] = [
      { ...limits, timeoutMs: 500 },
      { ...transfer, stallMs: 500 },
    ];
    await withSmallFileSystem({ sizeMb: 20, type: "ext4" }, async (fileSystem) => {
      const remote = remoteOf(fileSystem.directory);
      await remote.writeFile("web1/app/s/manifest.json", "{}", limits);
      await remote.writeFile("p/file", "x", limits);
      await whileFrozen(fileSystem, async () => {
        const refused = await Promise.all([
          refusalOf(remote.upload(local, "new/file", quick)),
          refusalOf(remote.writeFile("p/file", "y", short)),
          refusalOf(remote.rename("p", "q", short)),
          refusalOf(remote.remove("web1", { ...short, timeoutMs: 50 })),
        ]);
        for (const { message } of refused)
          expect(message).toContain("no answer from the file system after 0.5 s");
      });
    });
  }, 120_000);

  test.each(runtimes)(
    "costs the run on %s that store alone: it ends by itself, and the set waits",
    async (runtime) => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 40, type: "ext4" }, async (fileSystem) => {
        const job = await createJob(sandbox, {
          STORE_NAS_URL: fileSystem.directory,
          STORE_NAS_STALL_TIMEOUT: "2s",
          FS_TIMEOUT: "2s",
        });
        const run = () =>
          sandbox.run(runtime, "scripts/backup-run.ts", ["--config", job.config], { timeoutMs: 90_000 });
        const hung = await whileFrozen(fileSystem, run);
        expect(hung.stderr).toContain("no answer from the file system after 2 s");
        expect([hung.exitCode, hung.signal, job.sets().length]).toEqual([1, null, 1]);
        expect(await run()).toMatchObject({ exitCode: 0 });
        expect(await remoteOf(fileSystem.directory).readManifests(3, limits)).toHaveLength(2);
      });
    },
    240_000,
  );
});
