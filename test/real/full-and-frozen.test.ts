/** Disks that are full and disks that hang, for real: small file systems on loop devices, filled and frozen. */
import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRoot } from "#test/support/capabilities.ts";
import { createJob } from "#test/support/job.ts";
import { createSandbox, type Running, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { type SmallFileSystem, withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/backup-run.ts";

/** Incompressible bytes in the application. */
function fill(app: string, bytes: number): void {
  writeFileSync(join(app, "upload.bin"), randomBytes(bytes));
}

/** Freeze it for `body`, and thaw it whatever happens: what writes to a frozen file system cannot even be killed. */
async function whileFrozen<Value>(fileSystem: SmallFileSystem, body: () => Promise<Value>): Promise<Value> {
  const rescue = spawn("sh", ["-c", 'sleep 50; fsfreeze --unfreeze "$0"', fileSystem.directory], {
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

/** A zstd that says when the archive has been begun, waits, and goes on. */
async function gateCompressor(sandbox: Sandbox) {
  const [begun, go] = [sandbox.path("begun"), sandbox.path("go")];
  await sandbox.fake(
    "zstd",
    `#!/bin/sh
case "$*" in *--version*|*-d*) exec /usr/bin/zstd "$@";; esac
touch ${begun}
while [ ! -e ${go} ]; do sleep 0.02; done
exec /usr/bin/zstd "$@"
`,
  );
  const untilBegun = (running: Running) =>
    Promise.race([
      waitFor(() => existsSync(begun), { what: "the archive to begin" }),
      running.exited.then(({ stderr }) => Promise.reject(new Error(`It ended too early: ${stderr}`))),
    ]);
  return { untilBegun, letGo: () => writeFileSync(go, "") };
}

describe.skipIf(!isRoot)("A disk that is full", () => {
  test.each(runtimes)(
    "during the write: 2 on %s, the partial is gone, the last good set is there",
    async (runtime) => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 12, type: "ext4" }, async ({ directory }) => {
        const job = await createJob(sandbox, { BACKUP_DIR: directory });
        expect((await sandbox.run(runtime, script, ["--config", job.config])).exitCode).toBe(0);
        const before = readdirSync(directory, { recursive: true }).filter(
          (name) => !String(name).includes("lost+found"),
        );
        fill(job.app, 30_000_000);
        const { exitCode, stderr } = await sandbox.run(runtime, script, ["--config", job.config]);
        expect(exitCode).toBe(2);
        expect(stderr).toContain("No space left on device");
        expect(stderr).toContain("Free space in the destination");
        const after = readdirSync(directory, { recursive: true }).filter(
          (name) => !String(name).includes("lost+found"),
        );
        expect(after).toEqual(before);
        expect(existsSync(job.journal)).toBe(false);
      });
    },
  );

  test.each(runtimes)("at the second destination: 1 on %s, and the first copy is whole", async (runtime) => {
    await using sandbox = await createSandbox();
    await withSmallFileSystem({ sizeMb: 12, type: "ext4" }, async ({ directory }) => {
      const job = await createJob(sandbox, { SECONDARY_DIR: directory });
      fill(job.app, 30_000_000);
      const { exitCode, stderr } = await sandbox.run(runtime, script, ["--config", job.config]);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("No space left on device");
      expect(job.sets()).toHaveLength(1);
      expect(readdirSync(directory)).toEqual(["lost+found"]);
    });
  });

  test.each(runtimes)(
    "where the state is kept: 2 on %s with one clear line, and nothing is written",
    async (runtime) => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 1, type: "tmpfs" }, async ({ directory }) => {
        const job = await createJob(sandbox, { STATE_DIR: directory });
        writeFileSync(join(directory, "filler"), Buffer.alloc(1024 * 1024));
        const { exitCode, stderr } = await sandbox.run(runtime, script, ["--config", job.config]);
        expect(exitCode).toBe(2);
        expect(stderr).toContain("Cannot write the journal");
        expect([job.sets(), job.partials()]).toEqual([[], []]);
      });
    },
  );
});

describe.skipIf(!isRoot)("A disk that hangs", () => {
  test.each(runtimes)(
    "before the run is refused on %s within FS_TIMEOUT, and the run ends by itself",
    async (runtime) => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 40, type: "ext4" }, async (fileSystem) => {
        const job = await createJob(sandbox, { BACKUP_DIR: fileSystem.directory, FS_TIMEOUT: "2s" });
        const ended = await whileFrozen(fileSystem, () =>
          sandbox.run(runtime, script, ["--config", job.config], { timeoutMs: 45_000 }),
        );
        expect(ended.stderr).toContain("no answer from the file system");
        expect([ended.exitCode, ended.signal]).toEqual([2, null]);
        expect((await sandbox.run(runtime, script, ["--config", job.config])).exitCode).toBe(0);
        expect(job.partials()).toEqual([]);
      });
    },
    90_000,
  );

  test.each(runtimes)(
    "in the middle of the write is given up on %s after STALL_TIMEOUT, told of, and swept by the next run",
    async (runtime) => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 80, type: "ext4" }, async (fileSystem) => {
        const mail = sandbox.path("mail");
        const job = await createJob(sandbox, {
          BACKUP_DIR: fileSystem.directory,
          FS_TIMEOUT: "2s",
          STALL_TIMEOUT: "2s",
          EMAIL_TO: "admin@example.org",
          SENDMAIL: await sandbox.fake("keep-mail", `#!/bin/sh\ncat >${mail}\n`),
        });
        fill(job.app, 30_000_000);
        const gate = await gateCompressor(sandbox);
        const running = sandbox.start(runtime, script, ["--config", job.config]);
        await gate.untilBegun(running);
        await whileFrozen(fileSystem, async () => {
          gate.letGo();
          await waitFor(() => existsSync(mail) && readFileSync(mail, "utf8").includes("not a byte for 2 s"), {
            what: `the report, got ${running.stderr}`,
            timeoutMs: 40_000,
          });
          // What it says is said; that it ends is proven while the disk still hangs.
          await running.exited;
        });
        expect((await running.exited).stderr).toContain("not a byte for 2 s");
        const next = await sandbox.run(runtime, script, ["--config", job.config]);
        expect({ exitCode: next.exitCode, partials: job.partials() }).toEqual({ exitCode: 0, partials: [] });
      });
    },
    120_000,
  );

  test.each(runtimes)(
    "as the second destination costs the first nothing on %s",
    async (runtime) => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 80, type: "ext4" }, async (fileSystem) => {
        const job = await createJob(sandbox, {
          SECONDARY_DIR: fileSystem.directory,
          FS_TIMEOUT: "2s",
          STALL_TIMEOUT: "2s",
        });
        fill(job.app, 30_000_000);
        const gate = await gateCompressor(sandbox);
        const running = sandbox.start(runtime, script, ["--config", job.config]);
        await gate.untilBegun(running);
        await whileFrozen(fileSystem, async () => {
          gate.letGo();
          await waitFor(() => job.sets().length === 1, { what: "the first copy", timeoutMs: 40_000 });
          await running.exited;
        });
        const { stderr } = await running.exited;
        expect(stderr).toContain(`No copy in "${fileSystem.directory}"`);
        expect(job.sets()).toHaveLength(1);
      });
    },
    120_000,
  );
});
