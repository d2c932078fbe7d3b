/**
 * A disk that hangs, for real: a file system that is frozen takes no write, and what writes there cannot be killed. A run gives
 * up on it, says so, and ends by itself with its exit code while the disk still hangs.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findMarkedProcesses, runMark } from "#lib/tools/processes.ts";
import { hasLoopDevices } from "#test/support/capabilities.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, type Ended, type Runtime, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { type SmallFileSystem, withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { type RunningSmtpServer, startSmtpServer } from "#test/support/smtp-server.ts";
import { waitFor } from "#test/support/wait-for.ts";
import { whileFrozen } from "#test/support/while-frozen.ts";

const script = "scripts/backup-run.ts";
const limits = { FS_TIMEOUT: "2s", STALL_TIMEOUT: "2s" };
/** A run has two seconds of each limit and ten to learn that a process cannot be killed, a few times at once. */
const patienceMs = 40_000;
const testTimeoutMs = 120_000;

/** Run `script` and freeze the file system in the middle of its write; resolves to its end, the file system thawed. */
async function runIntoFreeze(
  runtime: Runtime,
  sandbox: Sandbox,
  job: TestJob,
  fileSystem: SmallFileSystem,
): Promise<Ended> {
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
  writeFileSync(join(job.app, "upload.bin"), randomBytes(30_000_000));
  const running = sandbox.start(runtime, script, ["--config", job.config]);
  const endsTooEarly = running.exited.then(({ stderr }) => Promise.reject(new Error(stderr)));
  await Promise.race([waitFor(() => existsSync(begun), { what: "the archive to begin" }), endsTooEarly]);
  const { runId } = JSON.parse(readFileSync(job.journal, "utf8"));
  let ended: Ended | undefined;
  void running.exited.then((end) => {
    ended = end;
  });
  const end = await whileFrozen(fileSystem, () => {
    writeFileSync(go, "");
    return waitFor(() => ended, { what: "the run to end by itself", timeoutMs: patienceMs });
  });
  // What could not be killed goes now, and the next run shall not meet it.
  await waitFor(async () => (await findMarkedProcesses(runMark, runId)).length === 0, {
    what: "the last of its processes to end",
  });
  return end;
}

function expectWhole(set: string): void {
  const checked = spawnSync("sha256sum", ["--quiet", "-c", "SHA256SUMS"], { cwd: set, encoding: "utf8" });
  expect({ set, status: checked.status, words: checked.stderr }).toEqual({ set, status: 0, words: "" });
}

/** Names of unfinished sets; only while it is not frozen. */
const partialsIn = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name.startsWith(".partial-"));

describe.skipIf(!hasLoopDevices).each(runtimes)("A disk that hangs, on %s,", (runtime) => {
  let smtp: RunningSmtpServer;

  beforeAll(async () => {
    smtp = await startSmtpServer();
  });

  afterAll(() => smtp.close());

  // Each has a disk of its own and mostly waits for it.
  test.concurrent(
    "before the run is refused within FS_TIMEOUT: 2",
    async () => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 40, type: "ext4" }, async (fileSystem) => {
        const job = await createJob(sandbox, { BACKUP_DIR: fileSystem.directory, ...limits });
        const ended = await whileFrozen(fileSystem, () =>
          sandbox.run(runtime, script, ["--config", job.config], { timeoutMs: patienceMs }),
        );
        expect([ended.exitCode, ended.signal]).toEqual([2, null]);
        expect(ended.stderr).toContain(
          `Cannot write to "${fileSystem.directory}": no answer from the file system after 2 s`,
        );
        expect(ended.stderr).toContain("Hint: Look at its mount: the file system takes no writes");
        expect(existsSync(job.journal)).toBe(false);
        const next = await sandbox.run(runtime, script, ["--config", job.config]);
        expect(next.exitCode).toBe(0);
        expect(partialsIn(fileSystem.directory)).toEqual([]);
      });
    },
    testTimeoutMs,
  );

  test.concurrent(
    "in the middle of the write is given up after STALL_TIMEOUT: 2 and a mail; the next run sweeps",
    async () => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 80, type: "ext4" }, async (fileSystem) => {
        const job = await createJob(sandbox, {
          BACKUP_DIR: fileSystem.directory,
          ...limits,
          EMAIL_TO: "admin@example.org",
          SMTP_HOST: "127.0.0.1",
          SMTP_PORT: String(smtp.port),
          SMTP_SECURITY: "none",
        });
        const ended = await runIntoFreeze(runtime, sandbox, job, fileSystem);
        expect([ended.exitCode, ended.signal]).toEqual([2, null]);
        expect(smtp.messages.map((mail) => mail.subject)).toEqual(["[FAILED] backup-run app on web1"]);
        expect(smtp.messages[0]?.text).toContain("not a byte for 2 s");
        expect(smtp.messages[0]?.text).toContain("look at its mount");
        expect(partialsIn(fileSystem.directory)).toHaveLength(1);
        const next = await sandbox.run(runtime, script, ["--config", job.config]);
        expect(next.exitCode).toBe(0);
        expect(partialsIn(fileSystem.directory)).toEqual([]);
      });
    },
    testTimeoutMs,
  );

  test.concurrent(
    "in the middle of the write of the second copy costs the first nothing: 1",
    async () => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 80, type: "ext4" }, async (fileSystem) => {
        const job = await createJob(sandbox, { SECONDARY_DIR: fileSystem.directory, ...limits });
        const ended = await runIntoFreeze(runtime, sandbox, job, fileSystem);
        expect([ended.exitCode, ended.signal]).toEqual([1, null]);
        expect(ended.stderr).toContain(`No copy in "${fileSystem.directory}": `);
        expect(ended.stderr).toContain("not a byte for 2 s");
        expect(job.sets()).toHaveLength(1);
        expectWhole(job.sets()[0] ?? "");
        const next = await sandbox.run(runtime, script, ["--config", job.config]);
        expect(next.exitCode).toBe(0);
        expect([job.partials(), partialsIn(fileSystem.directory)]).toEqual([[], []]);
      });
    },
    testTimeoutMs,
  );
});
