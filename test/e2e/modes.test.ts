/** What a run does besides backing up: dry runs, JSON, help, and the modes that look at a configuration. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compareTrees, describeTree } from "#test/support/compare-trees.ts";
import { holdLock } from "#test/support/hold-lock.ts";
import { answer, startHttpServer } from "#test/support/http-server.ts";
import { channelSettings, createJob } from "#test/support/job.ts";
import { createSandbox, projectDirectory, runtimeProgram, runtimes } from "#test/support/sandbox.ts";
import { startSmtpServer } from "#test/support/smtp-server.ts";

const script = "scripts/backup-run.ts";

describe.each(runtimes)("A dry run on %s", (runtime) => {
  test("has no effect at all, neither before the first run nor beside one, and says what would be done", async () => {
    await using sandbox = await createSandbox();
    // Runtimes keep caches there.
    await using elsewhere = await createSandbox();
    const smtp = await startSmtpServer();
    const http = await startHttpServer(answer(200));
    const channels = channelSettings({ smtpPort: smtp.port, ntfyUrl: http.url, topic: "backups" });
    const job = await createJob(sandbox, {
      ...channels,
      HEALTHCHECKS_URL: `${http.url}/ping`,
      RUNTIME_DIR: sandbox.path("run"),
      SYSTEM_STATE: "true",
      KEEP_LAST: "1",
      KEEP_DAILY: "0",
      KEEP_WEEKLY: "0",
      KEEP_MONTHLY: "0",
    });
    mkdirSync(sandbox.path("tmp"));
    const env = { HOME: elsewhere.home, TMPDIR: sandbox.path("tmp") };
    const dryRun = async () => {
      const before = describeTree(sandbox.directory);
      const told = [smtp.messages.length, http.requests.length];
      const ended = await sandbox.run(runtime, script, ["--config", job.config, "--dry-run"], { env });
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
      expect(compareTrees(before, describeTree(sandbox.directory))).toEqual([]);
      expect([smtp.messages.length, http.requests.length]).toEqual(told);
      return ended.stdout;
    };

    const first = await dryRun();
    expect(first).toContain(`would read ${job.app} (no earlier set)`);
    expect(first).toContain(`today's sets in ${job.backups}: none\n`);
    for (const _ of ["one", "two"]) await sandbox.run(runtime, script, ["--config", job.config], { env });
    // A run would sweep it.
    mkdirSync(`${job.backups}/.partial-web1+app+0c0ffee0-dead`);
    await using _held = await holdLock(job.lockFile);
    const words = await dryRun();
    expect(words).toContain(`would write ${job.backups}/web1/app/`);
    expect(words).toContain(`today's sets in ${job.backups}`);
    await smtp.close();
    await http.close();
  });
});

describe.each(runtimes)(
  "--json on %s prints one document on stdout and nothing else when a run",
  (runtime) => {
    test.each([
      ["is complete", [], 0],
      ["is dry", ["--dry-run"], 0],
      ["is verbose", ["--verbose"], 0],
      ["is partial", ["--config", "partial.env"], 1],
      ["has failed", ["--config", "failed.env"], 2],
      ["is busy", [], 75],
      ["has a bad command line", ["--jsn"], 64],
      ["has a bad configuration", ["--config", "invalid.env"], 78],
    ])("%s", async (_how, args, exitCode) => {
      await using sandbox = await createSandbox();
      const job = await createJob(sandbox);
      const text = readFileSync(job.config, "utf8");
      for (const [name, line] of [
        ["partial", `SECONDARY_DIR=${sandbox.path("missing")}`],
        ["failed", "MIN_FREE_PERCENT=100"],
        ["invalid", "KEEP_LAST=many"],
      ]) {
        await sandbox.write(`${name}.env`, `${text}${line}\n`, 0o600);
      }
      await using _held = exitCode === 75 ? await holdLock(job.lockFile) : undefined;
      const config = args.includes("--config") ? [] : ["--config", job.config];
      const ended = await sandbox.run(runtime, script, ["--json", ...config, ...args]);
      expect(ended.exitCode).toBe(exitCode);
      expect(JSON.parse(ended.stdout)).toMatchObject({
        schema: 1,
        script: "backup-run",
        job: "app",
        exitCode,
      });
    });
  },
);

describe.each(runtimes)("The command line of backup-run on %s", (runtime) => {
  test("takes flags before and after others, short, long and joined", async () => {
    await using sandbox = await createSandbox();
    const { config, sets } = await createJob(sandbox);
    const lines = [
      ["-n", "--json", "-c", config],
      ["--config", config, "--json", "--dryrun"],
      [`--config=${config}`, "-nq", "--json"],
      ["--json", "-nc", config],
    ];
    for (const line of lines) {
      const ended = await sandbox.run(runtime, script, line);
      expect(ended.exitCode).toBe(0);
      expect(JSON.parse(ended.stdout)).toMatchObject({ job: "app", dryRun: true });
    }
    expect(sets()).toEqual([]);
  });

  test("is quiet with -q, verbose with -v, and the log file has it all", async () => {
    await using sandbox = await createSandbox();
    const missing = sandbox.path("missing");
    const { config, logFile } = await createJob(sandbox, { SECONDARY_DIR: missing });
    const words = `second destination "${missing}"`;
    const run = (flag: string) => sandbox.run(runtime, script, ["--config", config, flag]);
    expect(await run("-q")).toMatchObject({ exitCode: 1, stdout: "", stderr: "" });
    expect(readFileSync(logFile, "utf8")).toContain(words);
    mkdirSync(missing);
    const verbose = await run("-v");
    expect(verbose).toMatchObject({ exitCode: 0, stdout: "" });
    for (const event of ["DEBUG", "preflight.passed", "archive.written", "set.published"]) {
      expect(verbose.stderr).toContain(event);
    }
  });

  test("asks for help or the version without a configuration", async () => {
    await using sandbox = await createSandbox();
    for (const flag of ["--help", "-h"]) {
      const help = await sandbox.run(runtime, script, ["--dry-run", flag]);
      expect(help).toMatchObject({ exitCode: 0, stderr: "" });
      for (const word of [
        "Usage: backup-run",
        "-c, --config FILE",
        "-n, --dry-run",
        "--test-notifications",
      ]) {
        expect(help.stdout).toContain(word);
      }
      expect(help.stdout).toMatch(/^ {2}75 +busy: /m);
    }
    const version = await sandbox.run(runtime, script, ["--version"]);
    expect(version).toMatchObject({ exitCode: 0, stderr: "" });
    expect(version.stdout).toMatch(new RegExp(`^backup-run \\d+\\.\\d+\\.\\d+ \\(${runtime} [\\d.]+\\)\n$`));
  });
});

describe.each(runtimes)("A configuration on %s", (runtime) => {
  test("is shown by --check-config as it would be used, without a secret and without a run", async () => {
    await using sandbox = await createSandbox();
    const secrets = { SMTP_PASSWORD: "pw-e71fa0c4", NTFY_TOKEN: "tk-e71fa0c4" };
    const urls = { WEBHOOK_URL: "https://example.org/e71fa0c4", HEALTHCHECKS_URL: "https://hc/e71fa0c4" };
    const names = { SMTP_HOST: "mail", SMTP_USER: "me", EMAIL_TO: "me@example.org", NTFY_TOPIC: "t" };
    const job = await createJob(sandbox, { ...secrets, ...urls, ...names });
    const ended = await sandbox.run(runtime, script, ["--config", job.config, "--check-config"]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout).not.toContain("e71fa0c4");
    for (const name of Object.keys({ ...secrets, ...urls })) {
      expect(ended.stdout).toMatch(
        new RegExp(`^ *${name} += "\\*\\*\\*"  \\(${job.config}:\\d+ ${name}\\)$`, "m"),
      );
    }
    expect(ended.stdout).toContain(` = "${job.backups}"  (${job.config}:5 BACKUP_DIR)\n`);
    expect([existsSync(job.logFile), existsSync(job.lockFile)]).toEqual([false, false]);
  });

  test("is shown by --check-config --json as one value, without a secret", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox, {
      NTFY_TOPIC: "t",
      NTFY_TOKEN: "tk-e71fa0c4",
      DATABASES: "mysql://me:e71fa0c4@db/shop",
      RUN_TIMEOUT: "90m",
      STORE_NAS_URL: "/mnt/nas",
    });
    const ended = await sandbox.run(runtime, script, ["--config", job.config, "--check-config", "--json"]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout).not.toContain("e71fa0c4");
    const { settings, ...others } = JSON.parse(ended.stdout);
    expect(others).toEqual({ schema: 1, isValid: true, file: job.config });
    expect(settings).toMatchObject({
      BACKUP_DIR: { value: job.backups, from: `${job.config}:5 BACKUP_DIR` },
      NTFY_TOKEN: { value: "***" },
      RUN_TIMEOUT: { value: 5_400_000 },
      SMTP_USER: { value: null, from: "default" },
      STORE_NAS_URL: { value: "/mnt/nas" },
    });
    const broken = await createJob(sandbox, { KEEP_LAST: "some" }, "broken");
    const refused = await sandbox.run(runtime, script, ["-c", broken.config, "--check-config", "--json"]);
    expect(refused.exitCode).toBe(78);
    expect(JSON.parse(refused.stdout)).toMatchObject({ outcome: "config" });
  });

  test("as --print-config prints it is valid once the directories are filled in, every key uncommented", async () => {
    await using sandbox = await createSandbox();
    const printed = await sandbox.run(runtime, script, ["--print-config"]);
    expect(printed).toMatchObject({ exitCode: 0, stderr: "" });
    const job = await createJob(sandbox);
    const filled = (text: string) =>
      text
        .replace(/^BACKUP_DIR=$/m, `BACKUP_DIR=${job.backups}`)
        .replace(/^#?APP_DIR=$/m, `APP_DIR=${job.app}`)
        .replace(/^#?STORE_NAS_URL=$/m, `STORE_NAS_URL=${sandbox.home}`);
    const check = async (text: string) => {
      writeFileSync(job.config, text);
      return sandbox.run(runtime, script, ["--config", job.config, "--check-config"]);
    };
    expect((await check(printed.stdout)).stderr).toContain("BACKUP_DIR is not set: it is required");
    expect(await check(filled(printed.stdout))).toMatchObject({ exitCode: 0, stderr: "" });
    const whole = filled(printed.stdout).replaceAll(/^#(?=[A-Z0-9_]+=)/gm, "");
    expect(whole).not.toContain("#KEEP_LAST");
    expect(await check(whole)).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

test.each(runtimes)(
  "What is written to a full disk on %s fails a command that was started for it, and no backup",
  async (runtime) => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const program = [runtimeProgram(runtime), ...(runtime === "deno" ? ["run", "-A"] : [])];
    const run = (where: string, ...args: string[]) =>
      Bun.spawnSync(
        ["sh", "-c", `"$@" ${where}`, "sh", ...program, join(projectDirectory, script), ...args],
        {
          env: sandbox.environment,
        },
      );
    for (const args of [["--print-config"], ["--config", job.config, "--check-config", "--json"]]) {
      const { exitCode, stderr } = run(">/dev/full", ...args);
      expect(stderr.toString()).toContain("Cannot write the output");
      expect(exitCode).toBe(2);
    }
    expect(run(">/dev/full 2>&1", "--config", job.config, "--json", "--verbose").exitCode).toBe(0);
    expect(job.sets()).toHaveLength(1);
  },
);
