/**
 * Every way in which a run can end: its exit code, what a real SMTP server and a real ntfy server got, what is on disk.
 *
 * Where a run has to be caught in the middle, a fake zstd marks that the archive is being written and waits.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { findMarkedProcesses, guardianMark, runMark } from "#lib/tools/processes.ts";
import { channelSettings, createJob, type TestJob } from "#test/support/job.ts";
import { startNtfyServer } from "#test/support/ntfy-server.ts";
import { createSandbox, type Running, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { startSmtpServer } from "#test/support/smtp-server.ts";
import { waitFor } from "#test/support/wait-for.ts";

let smtp: Awaited<ReturnType<typeof startSmtpServer>>;
let ntfy: Awaited<ReturnType<typeof startNtfyServer>>;

beforeAll(async () => {
  [smtp, ntfy] = await Promise.all([startSmtpServer({}), startNtfyServer()]);
});

afterAll(async () => {
  await Promise.all([smtp.close(), ntfy.close()]);
});

const script = "scripts/backup-run.ts";

/** A job whose messages can be told from those of every other test: its name is in each subject. */
async function jobWithChannels(sandbox: Sandbox, settings: Record<string, string | undefined> = {}) {
  const name = `app-${randomUUID().slice(0, 8)}`;
  const channels = channelSettings({ smtpPort: smtp.port, ntfyUrl: ntfy.url, topic: name });
  const job = await createJob(sandbox, { ...channels, ...settings }, name);
  const subjects = () =>
    smtp.messages.map((mail) => mail.subject).filter((subject) => subject.includes(name));
  const titles = async () => (await ntfy.messages(name)).map((message) => message.title ?? "");
  /** Waits until both servers have got as many messages, and checks that both say the same. */
  const expectMessages = async (...tags: string[]) => {
    const wanted = tags.map((tag) => `[${tag}] backup-run ${name} on web1`);
    await waitFor(() => subjects().length >= tags.length, {
      what: `${tags.length} mails, got ${subjects()}`,
    });
    expect(subjects()).toEqual(wanted);
    expect(await titles()).toEqual(wanted);
  };
  return { name, job, expectMessages };
}

/** A zstd that says when the archive has been begun, and waits to be let go. */
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
  return { begun, open: () => writeFileSync(go, "") };
}

/** Whether any process of the machine has that file open. */
function isOpenSomewhere(path: string): boolean {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.some((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path);
    } catch {
      // It ended while it was looked at.
      return false;
    }
  });
}

function expectNothingLeft(job: TestJob, sets: number): void {
  expect(job.sets()).toHaveLength(sets);
  expect(job.partials()).toEqual([]);
  expect(existsSync(job.journal)).toBe(false);
  expect(readFileSync(job.lockFile, "utf8")).toBe("");
}

const runIdOf = (job: TestJob): string => JSON.parse(readFileSync(job.journal, "utf8")).runId;

/** As when power fails: neither can do anything about the other's end. Resolves to the dead run's id. */
async function killWithGuardian(running: Running, job: TestJob): Promise<string> {
  const runId = runIdOf(job);
  const guardians = await findMarkedProcesses(guardianMark, runId);
  for (const pid of guardians) process.kill(pid, "SIGSTOP");
  running.kill("SIGKILL");
  for (const pid of guardians) process.kill(pid, "SIGKILL");
  await running.exited;
  return runId;
}

async function untilBegun(running: Running, begun: string): Promise<void> {
  const hasEnded = running.exited.then((ended) => {
    throw new Error(`It ended too early: ${ended.exitCode} ${ended.stderr}`);
  });
  await Promise.race([waitFor(() => existsSync(begun), { what: "the archive to begin" }), hasEnded]);
}

describe.each(runtimes)("a run on %s that", (runtime) => {
  test("is complete: 0, one set, silent on both streams", async () => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox);
    const ended = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(ended).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    expectNothingLeft(job, 1);
    await expectMessages("OK");
  });

  test("is complete with a note, when a file changed while it was read: 0", async () => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox);
    const gate = await gateCompressor(sandbox);
    writeFileSync(join(job.app, "0-large"), Buffer.alloc(1_000_000, "x"));
    const running = sandbox.start(runtime, script, ["--config", job.config, "--json"]);
    await untilBegun(running, gate.begun);
    await waitFor(() => isOpenSomewhere(join(job.app, "0-large")), { what: "tar to read the file" });
    writeFileSync(join(job.app, "0-large"), "now it is short");
    gate.open();
    const ended = await running.exited;
    expect(ended.exitCode).toBe(0);
    const report = JSON.parse(ended.stdout);
    expect(report.outcome).toBe("complete");
    expect(report.notes.join()).toContain("0-large");
    expect(job.manifest(report.set)).toMatchObject({ outcome: "complete" });
    await expectMessages("OK");
  });

  test("is complete, when its journal cannot be removed: told in the log, reported once, and over at once", async () => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox);
    const gate = await gateCompressor(sandbox);
    const running = sandbox.start(runtime, script, ["--config", job.config]);
    await untilBegun(running, gate.begun);
    rmSync(job.journal);
    // Not empty: Deno unlinks a directory that is.
    mkdirSync(join(job.journal, "in-the-way"), { recursive: true });
    gate.open();
    const ended = await running.exited;
    expect(ended).toMatchObject({ exitCode: 0, signal: null });
    expect(ended.stderr).toContain("Cannot remove the journal");
    expect(readFileSync(job.lockFile, "utf8")).toBe("");
    expect(job.sets()).toHaveLength(1);
    await expectMessages("OK");
  });

  test("is partial, when a file cannot be read: 1, the set is kept and says what it lacks", async () => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox);
    chmodSync(sandbox.directory, 0o777);
    await sandbox.fake(
      "tar",
      `#!/bin/sh\ncase "$*" in *--create*) exec setpriv --reuid=65534 --clear-groups /usr/bin/tar "$@";; esac\nexec /usr/bin/tar "$@"\n`,
    );
    chmodSync(join(job.app, "index.php"), 0o000);
    const ended = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(ended.stderr).toContain("./index.php");
    expect(ended.exitCode).toBe(1);
    expectNothingLeft(job, 1);
    expect(job.manifest(job.sets()[0] ?? "")).toMatchObject({ outcome: "partial" });
    await expectMessages("PARTIAL");
  });

  test("is failed, when the compressor is killed: 2, and nothing half done is left", async () => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox);
    await sandbox.fake(
      "zstd",
      `#!/bin/sh\ncase "$*" in *--version*) exec /usr/bin/zstd "$@";; esac\nhead -c 100 >/dev/null; kill -9 $$\n`,
    );
    const ended = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("killed by signal 9");
    expectNothingLeft(job, 0);
    await expectMessages("FAILED");
  });

  test("is refused by preflight: 2, before anything is written", async () => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox, { MIN_FREE_GB: "9999999" });
    const ended = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/GiB|TiB/);
    expect(ended.stderr).toContain("9.5 PiB required (MIN_FREE_GB)");
    expectNothingLeft(job, 0);
    await expectMessages("FAILED");
  });

  test("finds the lock held: 75, names the holder, sends nothing", async () => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox);
    const gate = await gateCompressor(sandbox);
    const first = sandbox.start(runtime, script, ["--config", job.config]);
    await untilBegun(first, gate.begun);
    const second = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(second.exitCode).toBe(75);
    expect(second.stderr).toContain(`pid ${first.pid}`);
    gate.open();
    expect((await first.exited).exitCode).toBe(0);
    expectNothingLeft(job, 1);
    await expectMessages("OK");
  });

  test("finds the lock held with LOCK_BUSY_EXIT=0: 0 and silent, as L5's cron lines expect", async () => {
    await using sandbox = await createSandbox();
    const { job } = await jobWithChannels(sandbox, { LOCK_BUSY_EXIT: "0" });
    const gate = await gateCompressor(sandbox);
    const first = sandbox.start(runtime, script, ["--config", job.config]);
    await untilBegun(first, gate.begun);
    const second = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(second).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    gate.open();
    await first.exited;
  });

  test("has a bad command line: 64 with a suggestion", async () => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox);
    const ended = await sandbox.run(runtime, script, ["--config", job.config, "--jsno"]);
    expect(ended.exitCode).toBe(64);
    expect(ended.stderr).toContain("did you mean --json?");
    expect(job.sets()).toEqual([]);
    await expectMessages("USAGE");
  });

  test("has an invalid configuration: 78, every problem at once, reported by the channels that are valid", async () => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox, {
      KEEP_LSAT: "3",
      COMPRESSION: "rar",
      APP_DIR: undefined,
    });
    const ended = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(ended.exitCode).toBe(78);
    for (const word of ["KEEP_LSAT", "KEEP_LAST", "rar", "APP_DIR"]) expect(ended.stderr).toContain(word);
    expect(job.sets()).toEqual([]);
    await expectMessages("CONFIG");
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("gets %s: %d, after cleaning up", async (signal, exitCode) => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox);
    const gate = await gateCompressor(sandbox);
    const running = sandbox.start(runtime, script, ["--config", job.config]);
    await untilBegun(running, gate.begun);
    const runId = runIdOf(job);
    running.kill(signal);
    expect((await running.exited).exitCode).toBe(exitCode);
    expect(await findMarkedProcesses(runMark, runId)).toEqual([]);
    expect(await findMarkedProcesses(guardianMark, runId)).toEqual([]);
    expectNothingLeft(job, 0);
    await expectMessages("INTERRUPTED");
  });

  test.each(["throw", "reject"])("meets an error nobody caught (%s): 3 with its stack", async (how) => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox);
    const gate = await gateCompressor(sandbox);
    const ended = await sandbox.run(runtime, script, ["--config", job.config], {
      preload: "test/support/throw-later.ts",
      env: { THROW_WHEN: gate.begun, THROW_HOW: how },
    });
    expect(ended.exitCode).toBe(3);
    expect(ended.stderr).toContain("thrown where nobody catches");
    expect(ended.stderr).toContain("throw-later.ts");
    expectNothingLeft(job, 0);
    await expectMessages("BUG");
  });

  test("is killed with -9: its guardian ends its children, sweeps and reports", async () => {
    await using sandbox = await createSandbox();
    const { name, job, expectMessages } = await jobWithChannels(sandbox);
    const gate = await gateCompressor(sandbox);
    const running = sandbox.start(runtime, script, ["--config", job.config]);
    await untilBegun(running, gate.begun);
    const runId = runIdOf(job);
    running.kill("SIGKILL");
    expect((await running.exited).signal).toBe("SIGKILL");
    await expectMessages("FAILED");
    await waitFor(async () => (await findMarkedProcesses(guardianMark, runId)).length === 0, {
      what: "the guardian to end",
    });
    expect(await findMarkedProcesses(runMark, runId)).toEqual([]);
    expectNothingLeft(job, 0);
    expect(smtp.messages.find((mail) => mail.subject.includes(name))?.text).toContain(
      "died without an ending",
    );
  });

  test("loses its guardian to -9: the guardian is replaced, the run is complete", async () => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox);
    const gate = await gateCompressor(sandbox);
    const running = sandbox.start(runtime, script, ["--config", job.config]);
    await untilBegun(running, gate.begun);
    const runId = runIdOf(job);
    const [first] = await findMarkedProcesses(guardianMark, runId);
    process.kill(first ?? 0, "SIGKILL");
    await waitFor(
      async () => {
        const [next] = await findMarkedProcesses(guardianMark, runId);
        return next !== undefined && next !== first;
      },
      { what: "another guardian" },
    );
    gate.open();
    const ended = await running.exited;
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toContain("guardian");
    expectNothingLeft(job, 1);
    expect(await findMarkedProcesses(guardianMark, runId)).toEqual([]);
    await expectMessages("OK");
  });

  test("dies together with its guardian: recover finishes it, a second recover finds nothing", async () => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox);
    const gate = await gateCompressor(sandbox);
    const running = sandbox.start(runtime, script, ["--config", job.config]);
    await untilBegun(running, gate.begun);
    const runId = await killWithGuardian(running, job);
    expect(job.partials()).toHaveLength(1);
    expect(await findMarkedProcesses(runMark, runId)).not.toEqual([]);
    const recovered = await sandbox.run(runtime, "scripts/recover.ts", ["--config", job.config]);
    expect(recovered.exitCode).toBe(0);
    expect(await findMarkedProcesses(runMark, runId)).toEqual([]);
    expectNothingLeft(job, 0);
    const again = await sandbox.run(runtime, "scripts/recover.ts", ["--config", job.config]);
    expect(again).toMatchObject({ exitCode: 0, stderr: "" });
    await expectMessages("FAILED");
  });

  test("follows one that died with its guardian: the next run recovers, reports it, and is complete", async () => {
    await using sandbox = await createSandbox();
    const { job, expectMessages } = await jobWithChannels(sandbox);
    const gate = await gateCompressor(sandbox);
    const running = sandbox.start(runtime, script, ["--config", job.config]);
    await untilBegun(running, gate.begun);
    const runId = await killWithGuardian(running, job);
    gate.open();
    const next = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(next.exitCode).toBe(0);
    expect(await findMarkedProcesses(runMark, runId)).toEqual([]);
    expectNothingLeft(job, 1);
    await expectMessages("FAILED", "OK");
  });
});
