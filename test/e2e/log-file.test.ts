/** The log file of real runs: under logrotate, and where it cannot be written. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createJob } from "#test/support/job.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";
import { putSet } from "#test/unit/stores/stored-set.ts";

const script = "scripts/backup-run.ts";
const countEnds = (path: string) => readFileSync(path, "utf8").split("run.complete: OK: ").length - 1;

describe.each(runtimes)("The log file of a run on %s", (runtime) => {
  test("grows by each run, and is begun anew after it was renamed between two of them", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const run = async () => {
      const ended = await sandbox.run(runtime, script, ["--config", job.config]);
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    };
    await run();
    await run();
    expect(countEnds(job.logFile)).toBe(2);
    renameSync(job.logFile, `${job.logFile}.1`);
    await run();
    expect([countEnds(job.logFile), countEnds(`${job.logFile}.1`)]).toEqual([1, 2]);
    expect(statSync(job.logFile).mode & 0o777).toBe(0o640);
  });

  test("has what a complete run leaves alone, here and in a store: its report may go to nobody", async () => {
    await using sandbox = await createSandbox();
    const store = sandbox.path("store");
    const job = await createJob(sandbox, { STORE_NAS_URL: store });
    const future = putSet(join(job.backups, "web1/app/20990101T000000Z"), {
      host: { name: "web1" },
      startedAt: "2099-01-01T00:00:00.000Z",
    });
    mkdirSync(join(store, "web1/app/20260101T000000Z"), { recursive: true });
    writeFileSync(join(store, "web1/app/20260101T000000Z/manifest.json"), "{");
    const ended = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    const log = readFileSync(job.logFile, "utf8");
    expect(log).toContain(`retention.note: Left alone: ${future}: it is dated in the future`);
    expect(log).toContain(
      "store.note: Left alone in nas: web1/app/20260101T000000Z: its manifest is no JSON",
    );
  });

  test.each([
    ["in XDG_STATE_HOME", "state-home", "state-home"],
    ["in the home directory when XDG_STATE_HOME is empty", "", "home/.local/state"],
    ["in the home directory when XDG_STATE_HOME is relative", "here", "home/.local/state"],
  ])(
    "is another one %s when it cannot be written, with a note in the report",
    async (_where, value, base) => {
      await using sandbox = await createSandbox();
      const job = await createJob(sandbox, { LOG_FILE: sandbox.path("srv/app/index.php/run.log") });
      const env = { XDG_STATE_HOME: value.includes("-") ? sandbox.path(value) : value };
      const ended = await sandbox.run(runtime, script, ["--config", job.config, "--json"], { env });
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
      const logFile = sandbox.path(base, "lastgood/backup-run.log");
      const { notes, logFile: used } = JSON.parse(ended.stdout);
      expect(used).toBe(logFile);
      expect(notes.join("\n")).toContain(
        `Cannot write the log file "${sandbox.path("srv/app/index.php/run.log")}"`,
      );
      expect(countEnds(logFile)).toBe(1);
      expect([existsSync(sandbox.path("lastgood")), existsSync(sandbox.path("here"))]).toEqual([
        false,
        false,
      ]);
    },
  );

  test("is done without when no place takes it: a warning, and a backup all the same", async () => {
    await using sandbox = await createSandbox();
    const file = await sandbox.write("file", "");
    const job = await createJob(sandbox, { LOG_FILE: `${file}/run.log` });
    const ended = await sandbox.run(runtime, script, ["--config", job.config], {
      env: { XDG_STATE_HOME: file },
    });
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toContain(`Cannot write the log file "${file}/run.log"`);
    expect(ended.stderr).toContain(`Cannot write the log file "${file}/lastgood/backup-run.log"`);
    expect(job.sets()).toHaveLength(1);
  });
});
