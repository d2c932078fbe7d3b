/** health-check on real parts: a cron daemon, a Docker engine, a disk that fills up, promtool. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isRoot, isSystemAdmin } from "#test/support/capabilities.ts";
import { createCronMachine } from "#test/support/cron-machine.ts";
import { type DockerEngine, hasDocker, startDockerEngine } from "#test/support/docker-engine.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, projectDirectory, type Sandbox } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { startSmtpServer } from "#test/support/smtp-server.ts";
import { service } from "#test/support/stack.ts";

const script = "scripts/health-check.ts";
const promtool = join(process.env.LASTGOOD_PARTS ?? "/var/cache/lastgood-parts", "bin/promtool");

interface Finding {
  readonly name: string;
  readonly severity: string;
  readonly message: string;
}

/** What is wrong with a job: names and messages. */
async function problemsOf(
  sandbox: Sandbox,
  { config }: TestJob,
  env: Readonly<Record<string, string>> = {},
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await sandbox.run("bun", script, ["--config", config, "--json"], { env });
  const findings: readonly Finding[] = JSON.parse(stdout).jobs[0].findings;
  return new Map(findings.flatMap((one) => (one.severity === "ok" ? [] : [[one.name, one.message]])));
}

describe.skipIf(!isSystemAdmin)("The shipped entry under a real cron", () => {
  const shipped = (name: string) => readFileSync(join(projectDirectory, "cron.d", name), "utf8");

  test("mails that a job is started from two places, and that it is not any more", async () => {
    const smtp = await startSmtpServer();
    await using sandbox = await createSandbox();
    await using machine = await createCronMachine(sandbox, "bun", smtp.port);
    const settings = {
      ...{
        HOST_NAME: "web1",
        APP_DIR: "/srv/app",
        APP_MIN_MB: "0",
        BACKUP_DIR: "/var/backups",
        MIN_FREE_GB: "0",
      },
      ...{
        EMAIL_TO: "admin@example.org",
        SMTP_HOST: "127.0.0.1",
        SMTP_PORT: smtp.port,
        SMTP_SECURITY: "none",
      },
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key}="${value}"\n`);
    await machine.write("/etc/lastgood/backup.env", lines.join(""), 0o600);
    await machine.write("/srv/app/index.php", "<?php echo 1;\n");
    await machine.write("/etc/cron.d/lastgood-backup", shipped("lastgood-backup"));
    await machine.write("/etc/cron.d/lastgood-health", shipped("lastgood-health"));
    const rootCrontab = "/var/spool/cron/crontabs/root";
    await machine.write(rootCrontab, "0 3,11,19 * * * bun /opt/lastgood/scripts/backup-run.ts\n", 0o600);
    await machine.boot("2026-11-21 12:29:56");
    const subject = "[CRITICAL] health-check backup on web1";
    const first = await smtp.waitForMessage((mail) => mail.subject === subject);
    expect(first.text).toContain(`more than one place: /etc/cron.d/lastgood-backup:8 and ${rootCrontab}:1`);
    await machine.untilIdle();
    await machine.powerOff();
    await machine.remove(rootCrontab);
    await machine.boot("2026-11-21 12:59:56");
    const second = await smtp.waitForMessage((mail) => mail.subject === subject && mail !== first);
    expect(second.text).toContain("In order again: backup: schedule");
    expect(second.text).not.toContain("more than one place");
    await machine.untilIdle();
    await smtp.close();
  });
});

describe.skipIf(!hasDocker)("Stacks of a real engine", () => {
  let engine: DockerEngine;
  beforeAll(async () => {
    engine = await startDockerEngine();
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());

  test("that should run and do not are found, and so is an engine that does not answer", async () => {
    await using sandbox = await createSandbox();
    const settings = {
      APP_DIR: undefined,
      STACKS_DIR: engine.directory,
      EXPECT_SCHEDULE: "false",
      MAX_AGE_HOURS: "9999",
    };
    const job = await createJob(sandbox, settings);
    engine.up("blog", `services:\n  web: ${service}, restart: unless-stopped}\n  once: ${service}}\n`);
    const check = async () => {
      const problems = await problemsOf(sandbox, job, engine.environment);
      return [...problems.keys()].filter((name) => name !== "age");
    };
    expect(await check()).toEqual([]);
    engine.docker("stop", "--time", "1", "blog-once-1");
    expect(await check()).toEqual([]);
    engine.docker("stop", "--time", "1", "blog-web-1");
    expect(await check()).toEqual(["stacks"]);
    engine.docker("start", "blog-web-1");
    expect(await check()).toEqual([]);
    await engine.stop();
    expect(await check()).toEqual(["docker"]);
  });
});

test.skipIf(!(isRoot && isSystemAdmin))(
  "A disk that is too full for the next run is found, and so is one that is not mounted",
  async () => {
    await using sandbox = await createSandbox();
    await withSmallFileSystem({ sizeMb: 64, type: "tmpfs" }, async ({ directory }) => {
      const settings = {
        BACKUP_DIR: directory,
        MIN_FREE_GB: "0.03",
        REQUIRE_MOUNT: directory,
        EXPECT_SCHEDULE: "false",
      };
      const job = await createJob(sandbox, settings);
      await sandbox.run("bun", "scripts/backup-run.ts", ["--config", job.config]);
      expect(await problemsOf(sandbox, job)).toEqual(new Map());
      const filler = join(directory, "filler");
      await writeFile(filler, Buffer.alloc(48 * 1024 * 1024));
      const full = await problemsOf(sandbox, job);
      expect([...full.keys()]).toEqual([`space ${directory}`]);
      expect(full.get(`space ${directory}`)).toContain("the next run will refuse");
      await rm(filler);
      expect(await problemsOf(sandbox, job)).toEqual(new Map());
      await sandbox.write(
        "etc/app.env",
        (await Bun.file(job.config).text()).replace(
          `REQUIRE_MOUNT="${directory}"`,
          `REQUIRE_MOUNT="${sandbox.path("srv")}"`,
        ),
        0o600,
      );
      expect([...(await problemsOf(sandbox, job)).keys()]).toEqual(["mounts"]);
    });
  },
);

test.skipIf(!existsSync(promtool))("The metrics of a check pass promtool", async () => {
  await using sandbox = await createSandbox();
  const job = await createJob(sandbox, { EXPECT_SCHEDULE: "false" });
  const file = sandbox.path("health.prom");
  await sandbox.run("bun", script, ["--config", job.config, "--quiet", "--prometheus", file]);
  const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], { input: readFileSync(file) });
  expect({ status, output: `${stdout}${stderr}` }).toEqual({ status: 0, output: "" });
});
