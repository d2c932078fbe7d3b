/** One run at a time: the real script against itself and against a bash script that locks the same file. */
import { describe, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { findMarkedProcesses, guardianMark } from "#lib/tools/processes.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, type Running, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/backup-run.ts";

/** Whether bash gets the lock at once, as a legacy script would ask for it. */
const isFree = (job: TestJob) => spawnSync("flock", ["-n", job.lockFile, "true"]).status === 0;

/** A zstd that waits to be let go, and does not listen to TERM. */
async function holdCompressor(sandbox: Sandbox) {
  const [begun, go] = [sandbox.path("begun"), sandbox.path("go")];
  await sandbox.fake(
    "zstd",
    `#!/bin/bash
case "$*" in *--version*|*-d*) exec /usr/bin/zstd "$@";; esac
trap "" TERM
echo $$ > ${begun}
while [ ! -e ${go} ]; do sleep 0.02; done
exec /usr/bin/zstd "$@"
`,
  );
  return {
    untilBegun: (running: Running) =>
      Promise.race([
        waitFor(() => existsSync(begun) && readFileSync(begun, "utf8") !== "", {
          what: "the archive to begin",
        }),
        running.exited.then(({ stderr }) => Promise.reject(new Error(`It ended too early: ${stderr}`))),
      ]),
    pid: () => Number(readFileSync(begun, "utf8")),
    letGo: () => writeFileSync(go, ""),
  };
}

const isAlive = (pid: number) => spawnSync("kill", ["-0", String(pid)]).status === 0;

describe.each(runtimes)("The lock of a run on %s", (runtime) => {
  test("lets one of two runs in that start at once; the other is told who holds it and since when", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const held = await holdCompressor(sandbox);
    const starts = [1, 2].map(() => sandbox.start(runtime, script, ["--config", job.config]));
    const loser = await Promise.race(starts.map((each) => each.exited));
    expect(loser.exitCode).toBe(75);
    const winner = starts.find((each) => each.pid !== loser.pid);
    expect(loser.stderr).toContain(`pid ${winner?.pid}`);
    expect(loser.stderr).toMatch(/since \d{4}-\d\d-\d\dT/);
    held.letGo();
    expect((await winner?.exited)?.exitCode).toBe(0);
    expect(job.sets()).toHaveLength(1);
  });

  test("is not all that protects it: what has its journal under another lock is refused, and harms nothing", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const text = readFileSync(job.config, "utf8").replace(job.lockFile, sandbox.path("other.lock"));
    const other = await sandbox.write("etc/other.env", text, 0o600);
    const held = await holdCompressor(sandbox);
    const running = sandbox.start(runtime, script, ["--config", job.config]);
    await held.untilBegun(running);
    for (const name of [script, "scripts/recover.ts"]) {
      const refused = await sandbox.run(runtime, name, ["--config", other]);
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toContain(`pid ${running.pid}`);
      expect(refused.stderr).toContain("share JOB and STATE_DIR");
    }
    held.letGo();
    expect(await running.exited).toMatchObject({ exitCode: 0, stderr: "" });
    expect(job.sets()).toHaveLength(1);
  });

  test("is silent about it and exits 0 with LOCK_BUSY_EXIT=0, as the legacy script did", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox, { LOCK_BUSY_EXIT: "0" });
    const held = await holdCompressor(sandbox);
    const first = sandbox.start(runtime, script, ["--config", job.config]);
    await held.untilBegun(first);
    expect(await sandbox.run(runtime, script, ["--config", job.config])).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    held.letGo();
    await first.exited;
  });

  test("excludes bash's flock on the same file, and is excluded by it", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const held = await holdCompressor(sandbox);
    const first = sandbox.start(runtime, script, ["--config", job.config]);
    await held.untilBegun(first);
    expect(isFree(job)).toBe(false);
    const inode = statSync(job.lockFile).ino;
    held.letGo();
    expect((await first.exited).exitCode).toBe(0);
    expect(isFree(job)).toBe(true);

    const bash = spawn("bash", ["-c", `exec 200>>"$0"; flock -n 200 && echo held; read -r _`, job.lockFile], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await new Promise((resolve) => bash.stdout.once("data", resolve));
    const second = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(second.exitCode).toBe(75);
    bash.stdin.end("\n");
    await new Promise((resolve) => bash.once("exit", resolve));
    expect((await sandbox.run(runtime, script, ["--config", job.config])).exitCode).toBe(0);
    expect(statSync(job.lockFile).ino).toBe(inode);
  });

  test("is free the moment the run is killed with -9, although a child of it lives on", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const held = await holdCompressor(sandbox);
    const running = sandbox.start(runtime, script, ["--config", job.config]);
    await held.untilBegun(running);
    const { runId } = JSON.parse(readFileSync(job.journal, "utf8"));
    // Without its guardian, which would end the child; stopped first, since the run would replace one that is killed.
    const guardians = await findMarkedProcesses(guardianMark, runId);
    for (const pid of guardians) process.kill(pid, "SIGSTOP");
    running.kill("SIGKILL");
    for (const pid of guardians) process.kill(pid, "SIGKILL");
    await running.exited;
    expect([isAlive(held.pid()), isFree(job)]).toEqual([true, true]);
    // The next run ends that child before it begins.
    held.letGo();
    expect((await sandbox.run(runtime, script, ["--config", job.config])).exitCode).toBe(0);
    expect(isAlive(held.pid())).toBe(false);
  });

  test("is in no child's hands", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const held = await holdCompressor(sandbox);
    const running = sandbox.start(runtime, script, ["--config", job.config]);
    await held.untilBegun(running);
    const listed = spawnSync(
      "sh",
      ["-c", `ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c -- '-> ${job.lockFile}$'`],
      { encoding: "utf8" },
    );
    expect(Number(listed.stdout)).toBe(1);
    held.letGo();
    await running.exited;
  });

  test("is waited for with LOCK_WAIT", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox, { LOCK_WAIT: "30s" });
    const held = await holdCompressor(sandbox);
    const first = sandbox.start(runtime, script, ["--config", job.config]);
    await held.untilBegun(first);
    const second = sandbox.start(runtime, script, ["--config", job.config]);
    await waitFor(() => spawnSync("pgrep", ["-P", String(second.pid), "flock"]).status === 0, {
      what: "the second to wait",
    });
    held.letGo();
    expect([(await first.exited).exitCode, (await second.exited).exitCode]).toEqual([0, 0]);
    expect(job.sets()).toHaveLength(2);
  });
});
