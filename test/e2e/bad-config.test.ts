/** What is wrong with a configuration or a command line: its exit code, every mistake by name, a hint; nothing is touched. */
import { describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { chmodSync, existsSync } from "node:fs";
import { isRoot } from "#test/support/capabilities.ts";
import { createJob } from "#test/support/job.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";

const script = "scripts/backup-run.ts";

describe.each(runtimes)("A configuration on %s", (runtime) => {
  test("that is missing: 78, every place that was looked at, and how to make one", async () => {
    await using sandbox = await createSandbox();
    const name = `shop-${randomUUID()}`;
    const ended = await sandbox.run(runtime, script, ["--config", name]);
    expect(ended.exitCode).toBe(78);
    expect(ended.stderr).toContain(`/etc/lastgood/${name}.env, ${sandbox.home}/.config/lastgood/${name}.env`);
    expect(ended.stderr).toContain("Hint: Make one: backup-run --print-config");
  });

  test("that is no file: 78 and a hint", async () => {
    await using sandbox = await createSandbox();
    const ended = await sandbox.run(runtime, script, ["--config", `${sandbox.etc}/`]);
    expect(ended.exitCode).toBe(78);
    expect(ended.stderr).toContain(`Cannot read the configuration "${sandbox.etc}": EISDIR`);
    expect(ended.stderr).toContain("Hint: ");
  });

  test.skipIf(!isRoot)("that may not be read: 78 and a hint", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const ended = await sandbox.run(runtime, script, ["--config", job.config], { uid: 65_534 });
    expect(ended.exitCode).toBe(78);
    expect(ended.stderr).toContain(`Cannot read the configuration "${job.config}": EACCES`);
    expect(ended.stderr).toContain("Hint: Run as the user who owns it");
  });

  test("with several mistakes: 78, all of them at once, each with its line", async () => {
    await using sandbox = await createSandbox();
    const lines = [
      "APP_DIR=/srv/app",
      "KEEP_LSAT=3",
      "COMPRESSION=rar",
      "this means nothing",
      "LOCK_WAIT=1m",
      "LOCK_WAIT=2m",
      "LOG_FILE=/var/log/a#b.log",
      'EMAIL_TO="not an address"',
    ];
    const file = await sandbox.write("etc/shop.env", lines.join("\n"), 0o600);
    const ended = await sandbox.run(runtime, script, ["--json", "--config", file]);
    expect(ended.exitCode).toBe(78);
    const { outcome, hint, problems } = JSON.parse(ended.stdout);
    expect(outcome).toBe("config");
    expect(hint).toContain("--print-config");
    expect(problems.toSorted()).toEqual([
      `${file} BACKUP_DIR is not set: it is required`,
      `${file}:2 KEEP_LSAT is no setting: did you mean KEEP_LAST?`,
      expect.stringContaining(`${file}:3 COMPRESSION is "rar": expected one of zstd`),
      `${file}:4 is no setting: expected KEY=value`,
      `${file}:6 LOCK_WAIT is given twice, first in line 5`,
      `${file}:7 LOG_FILE holds a "#": put the value in quotes`,
      expect.stringContaining(`${file}:8 EMAIL_TO is "not an address"`),
    ]);
    for (const problem of problems) expect(ended.stderr).toContain(problem);
  });

  test.each([
    ["holds a secret and everybody may read it", { SMTP_PASSWORD: "hunter2hunter2" }, 0o604],
    ["others may write", {}, 0o620],
    ["names a secret's file that everybody may read", { WEBHOOK_URL_FILE: "webhook" }, 0o644],
  ])("that %s: 77, and how to mend it", async (_what, settings, mode) => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox, settings);
    await sandbox.write("etc/webhook", "https://example.org/\n", 0o644);
    chmodSync(job.config, mode);
    const ended = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(ended).toMatchObject({ exitCode: 77, stdout: "" });
    expect(ended.stderr).toContain("Hint: chmod 600");
    expect(ended.stderr).not.toContain("hunter2");
    expect([job.sets(), existsSync(job.lockFile)]).toEqual([[], false]);
  });

  test("that puts the sets into the source: 78", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox, { BACKUP_DIR: sandbox.path("srv/app/backups") });
    const ended = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(ended.exitCode).toBe(78);
    expect(ended.stderr).toContain("a backup must not contain itself");
  });
});

describe.each(runtimes)("A command line on %s", (runtime) => {
  test("with mistakes: 64, all of them, each with a suggestion, and nothing is touched", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const args = ["--config", job.config, "now", "--dry-rnu", "--verbos", "-x"];
    const ended = await sandbox.run(runtime, script, args);
    expect(ended).toMatchObject({ exitCode: 64, stdout: "" });
    expect(ended.stderr).toContain('Unknown option "--dry-rnu": did you mean --dry-run?');
    expect(ended.stderr).toContain('Unknown option "--verbos": did you mean --verbose?');
    for (const words of ['"-x"', 'Unexpected argument "now"', "Hint: See --help"]) {
      expect(ended.stderr).toContain(words);
    }
    expect([job.sets(), existsSync(job.lockFile), existsSync(job.logFile)]).toEqual([[], false, false]);
  });
});
