/** Runs with several sources and stores: what one of them costs the others, what a report says of it, what is tried again. */
import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, type Runtime, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/backup-run.ts";

interface Told {
  readonly job: string;
  readonly outcome: string;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly parts: readonly { kind: string; name: string; outcome: string; message: string }[];
}

async function jobWith(sandbox: Sandbox, settings: Record<string, string | undefined>): Promise<TestJob> {
  return createJob(sandbox, { RUNTIME_DIR: sandbox.path("run"), ...settings }, "app");
}

/** Run it and give what it printed as JSON. */
async function runJson(sandbox: Sandbox, runtime: Runtime, job: TestJob) {
  const ended = await sandbox.run(runtime, script, ["--config", job.config, "--json"]);
  return { exitCode: ended.exitCode, report: JSON.parse(ended.stdout) as Told, stderr: ended.stderr };
}

function makeDatabase(sandbox: Sandbox, rows = 2000): string {
  const path = sandbox.path("shop.db");
  execFileSync("sqlite3", [
    path,
    `DROP TABLE IF EXISTS t; CREATE TABLE t (a TEXT); INSERT INTO t SELECT hex(randomblob(50)) FROM generate_series(1, ${rows}); VACUUM`,
  ]);
  return path;
}

const setsIn = (base: string): string[] =>
  existsSync(base)
    ? readdirSync(base, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith("manifest.json"))
        .sort()
    : [];

describe.each(runtimes)("A run on %s with several sources", (runtime) => {
  test("makes one set of all of them", async () => {
    await using sandbox = await createSandbox();
    const job = await jobWith(sandbox, {
      DATABASES: `sqlite://${makeDatabase(sandbox)}`,
      SYSTEM_STATE: "true",
    });
    const { exitCode, report } = await runJson(sandbox, runtime, job);
    expect({ exitCode, problems: report.problems }).toEqual({ exitCode: 0, problems: [] });
    const [set = ""] = job.sets();
    expect(readdirSync(set).sort()).toEqual([
      "SHA256SUMS",
      "application.tar.zst",
      "database-shop.sqlite.zst",
      "manifest.json",
      "system-state.tar.zst",
    ]);
    execFileSync("sha256sum", ["--quiet", "-c", "SHA256SUMS"], { cwd: set });
    // Nothing needed a credential.
    expect(existsSync(sandbox.path("run"))).toBe(false);
  });

  test("backs up the others when a database cannot be had, and its subject names the one that is missing", async () => {
    await using sandbox = await createSandbox();
    const mail = sandbox.path("mail");
    const job = await jobWith(sandbox, {
      DATABASES: "mysql://me:wrong-pw@127.0.0.1:1/shop",
      EMAIL_TO: "admin@example.org",
      SENDMAIL: await sandbox.fake("keep-mail", `#!/bin/sh\ncat >${mail}\n`),
    });
    const { exitCode, report } = await runJson(sandbox, runtime, job);
    expect(exitCode).toBe(1);
    expect(report.problems.join()).toContain("Can't connect");
    const manifest = job.manifest(job.sets()[0] ?? "");
    expect(manifest).toMatchObject({
      outcome: "partial",
      components: [{ name: "application" }],
      missing: [{ name: "database-shop", source: "database" }],
    });
    const message = readFileSync(mail, "utf8");
    expect(message).toContain("Subject: [PARTIAL] backup-run app on web1: database-shop");
    expect(message + JSON.stringify([manifest, report])).not.toContain("wrong-pw");
    expect(readdirSync(sandbox.path("run"))).toEqual([]);
  });

  test("has failed when no source gave anything", async () => {
    await using sandbox = await createSandbox();
    const job = await jobWith(sandbox, { APP_DIR: undefined, DATABASES: "mysql://127.0.0.1:1/shop" });
    const { exitCode, report } = await runJson(sandbox, runtime, job);
    expect(exitCode).toBe(2);
    expect(report.problems.concat(JSON.stringify(report)).join()).toContain("Can't connect");
    expect([job.sets(), job.partials()]).toEqual([[], []]);
  });

  test("keeps a database that shrank, doubts it, and prunes nothing until it has been that size for a while", async () => {
    await using sandbox = await createSandbox();
    const job = await jobWith(sandbox, {
      DATABASES: `sqlite://${makeDatabase(sandbox)}`,
      KEEP_LAST: "1",
      KEEP_DAILY: "0",
      KEEP_WEEKLY: "0",
      KEEP_MONTHLY: "0",
    });
    for (let run = 0; run < 2; run += 1) expect((await runJson(sandbox, runtime, job)).exitCode).toBe(0);
    expect(job.sets()).toHaveLength(1);
    makeDatabase(sandbox, 100);
    const shrunk = await runJson(sandbox, runtime, job);
    expect(shrunk.exitCode).toBe(1);
    expect(shrunk.report.problems.join()).toContain("it shrank");
    expect(job.sets()).toHaveLength(2);
    let exitCode: number | null = 1;
    for (let run = 0; run < 5 && exitCode !== 0; run += 1)
      ({ exitCode } = await runJson(sandbox, runtime, job));
    expect(exitCode).toBe(0);
    expect(job.sets()).toHaveLength(1);
  }, 60_000);
});

describe.each(runtimes)("A run on %s with stores", (runtime) => {
  test("brings the set there and keeps there what its rules say", async () => {
    await using sandbox = await createSandbox();
    const nas = sandbox.path("the nas");
    mkdirSync(nas);
    const job = await jobWith(sandbox, {
      STORE_NAS_URL: nas,
      STORE_NAS_LAYOUT: "{tier}/{YYYY}/{MM}/{DD}/{HH}{mm}{ss}",
      STORE_NAS_TIERS: "biweekly=1,15",
      STORE_NAS_KEEP_LAST: "2",
      STORE_NAS_KEEP_DAILY: "0",
      STORE_NAS_KEEP_WEEKLY: "0",
      STORE_NAS_KEEP_MONTHLY: "0",
    });
    for (let run = 0; run < 4; run += 1) expect((await runJson(sandbox, runtime, job)).exitCode).toBe(0);
    const stored = setsIn(nas);
    expect(stored.map((path) => path.split("/")[0])).toEqual(["biweekly", "daily", "daily"]);
    expect(readdirSync(nas).filter((name) => name.startsWith("."))).toEqual([]);
    const [newest = ""] = stored.toReversed();
    execFileSync("sha256sum", ["--quiet", "-c", "SHA256SUMS"], { cwd: join(nas, newest, "..") });
  }, 60_000);

  test("is degraded while a store is down, and uploads what waits when it is back, oldest first", async () => {
    await using sandbox = await createSandbox();
    const nas = sandbox.path("nas");
    const job = await jobWith(sandbox, {
      STORE_NAS_URL: nas,
      KEEP_LAST: "1",
      KEEP_DAILY: "0",
      KEEP_WEEKLY: "0",
      KEEP_MONTHLY: "0",
    });
    for (let run = 1; run <= 2; run += 1) {
      const { exitCode, report } = await runJson(sandbox, runtime, job);
      expect(exitCode).toBe(1);
      expect(report.problems.join()).toContain(`${run === 1 ? "1 set waits" : "2 sets wait"} for it`);
      expect(existsSync(nas)).toBe(false);
    }
    // Both are kept, although KEEP_LAST is 1: the store waits for them.
    expect(job.sets()).toHaveLength(2);
    mkdirSync(nas);
    const back = await runJson(sandbox, runtime, job);
    expect({ exitCode: back.exitCode, problems: back.report.problems }).toEqual({
      exitCode: 0,
      problems: [],
    });
    expect(back.report.parts.find((part) => part.kind === "store")?.message).toContain("3 sets");
    expect(setsIn(nas)).toHaveLength(1);
    expect(job.sets()).toHaveLength(1);
    expect(readdirSync(sandbox.path("state/app/uploads/nas"))).toEqual([]);
  }, 60_000);

  test("gives up by name what is more than MAX_WAITING, so that an outage does not fill the local disk", async () => {
    await using sandbox = await createSandbox();
    const job = await jobWith(sandbox, {
      STORE_NAS_URL: sandbox.path("nas"),
      STORE_NAS_MAX_WAITING: "2",
      KEEP_LAST: "1",
      KEEP_DAILY: "0",
      KEEP_WEEKLY: "0",
      KEEP_MONTHLY: "0",
    });
    for (let run = 1; run <= 2; run += 1) await runJson(sandbox, runtime, job);
    const [oldest = "", second = ""] = job.sets();
    const { exitCode, report } = await runJson(sandbox, runtime, job);
    expect(exitCode).toBe(1);
    expect(report.problems[1]).toContain('Store "nas" will not get the set of ');
    expect(report.problems[1]).toContain(`more than STORE_NAS_MAX_WAITING (2) wait; ${oldest} goes`);
    expect(report.problems).toHaveLength(2);
    expect(job.sets()).toHaveLength(2);
    expect(job.sets()).toContain(second);
  }, 60_000);

  test.each([
    ["before", 2],
    ["after", 3],
  ])(
    "that is killed right %s its set gets its name leaves none out of the store: %i in the end",
    async (moment, inTheEnd) => {
      await using sandbox = await createSandbox();
      const nas = sandbox.path("nas");
      // The first set has the minute's name: the second gets another one than it was announced by.
      const job = await jobWith(sandbox, {
        STORE_NAS_URL: nas,
        BACKUP_LAYOUT: "{host}/{YYYY}/{MM}/{DD}/{HH}{mm}",
      });
      expect((await runJson(sandbox, runtime, job)).exitCode).toBe(1);
      const act = moment === "before" ? "kill -9 $PPID" : 'mv "$@"; [ -e "$4" ] || kill -9 $PPID';
      const mv = await sandbox.fake(
        "mv",
        `#!/bin/sh\nPATH=/usr/bin:/bin\ncase "$1" in --no-clobber) ${act};; *) exec mv "$@";; esac\n`,
      );
      const running = sandbox.start(runtime, script, ["--config", job.config]);
      expect((await running.exited).signal).toBe("SIGKILL");
      await waitFor(() => !existsSync(job.journal), { what: "the guardian to finish what it left" });
      rmSync(mv);
      mkdirSync(nas);
      const next = await runJson(sandbox, runtime, job);
      expect({ exitCode: next.exitCode, problems: next.report.problems }).toEqual({
        exitCode: 0,
        problems: [],
      });
      expect(setsIn(nas)).toHaveLength(inTheEnd);
      expect(job.sets()).toHaveLength(inTheEnd);
      expect(readdirSync(sandbox.path("state/app/uploads/nas"))).toEqual([]);
    },
    60_000,
  );

  test("leaves sets to wait, which upload-waiting brings without a backup as soon as the store is back", async () => {
    await using sandbox = await createSandbox();
    const nas = sandbox.path("nas");
    const mail = sandbox.path("mail");
    const job = await jobWith(sandbox, {
      STORE_NAS_URL: nas,
      EMAIL_TO: "admin@example.org",
      SENDMAIL: await sandbox.fake("keep-mail", `#!/bin/sh\ncat >>${mail}\n`),
    });
    const upload = (...flags: readonly string[]) =>
      sandbox.run(runtime, "scripts/upload-waiting.ts", ["--config", job.config, ...flags]);
    const status = () => JSON.parse(readFileSync(sandbox.path("state/app/status.json"), "utf8"));
    expect((await upload()).exitCode).toBe(0);
    for (let run = 0; run < 2; run += 1) await runJson(sandbox, runtime, job);
    rmSync(mail);
    const down = await upload();
    expect(down.exitCode).toBe(1);
    expect(down.stderr).toContain("does not have what waits");
    expect(down.stderr).toContain("2 sets wait for it");
    expect(readFileSync(mail, "utf8")).toContain("Subject: [DEGRADED] upload-waiting app on web1: store nas");
    rmSync(mail);
    mkdirSync(nas);
    const dry = await upload("--dry-run");
    expect(dry).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("would upload 2 sets to") });
    expect(setsIn(nas)).toEqual([]);
    // Its disk is not mounted: an empty directory is no reason to forget what waits.
    renameSync(job.backups, `${job.backups}.away`);
    mkdirSync(job.backups);
    const unmounted = await upload();
    expect(unmounted.exitCode).toBe(2);
    expect(unmounted.stderr).toContain("Cannot upload what waits: no set of this job is in");
    const unmarked = await sandbox.run(runtime, "scripts/upload-waiting.ts", ["--config", job.config], {
      env: { REQUIRE_MOUNT: `${job.backups}=marker` },
    });
    expect(unmarked.exitCode).toBe(2);
    expect(unmarked.stderr).toContain("Cannot find the marker");
    rmdirSync(job.backups);
    renameSync(`${job.backups}.away`, job.backups);
    rmSync(mail);
    const up = await upload("--json");
    expect({ exitCode: up.exitCode, stderr: up.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(JSON.parse(up.stdout).headline).toBe("Uploaded what waited for nas");
    expect([setsIn(nas).length, job.sets().length]).toEqual([2, 2]);
    expect(readdirSync(sandbox.path("state/app/uploads/nas"))).toEqual([]);
    // It is no backup: nobody is told of a success, and none is recorded.
    expect(existsSync(mail)).toBe(false);
    expect(status()).not.toHaveProperty("lastCompleteAt");
    expect((await upload()).exitCode).toBe(0);
  }, 60_000);

  test("has failed without a store that is required", async () => {
    await using sandbox = await createSandbox();
    const job = await jobWith(sandbox, { STORE_NAS_URL: sandbox.path("nas"), STORE_NAS_REQUIRED: "true" });
    const { exitCode, report } = await runJson(sandbox, runtime, job);
    expect([exitCode, report.outcome]).toEqual([2, "failed"]);
    expect(job.sets()).toHaveLength(1);
  });

  test("cuts a store off that hangs, while another gets the set", async () => {
    await using sandbox = await createSandbox();
    const nas = sandbox.path("nas");
    mkdirSync(nas);
    await sandbox.fake("ssh", '#!/bin/sh\ntrap "" TERM\nwhile :; do sleep 1; done\n');
    const job = await jobWith(sandbox, {
      STORE_NAS_URL: nas,
      STORE_FAR_URL: "ssh://far.example.org/sets",
      STORE_FAR_TIMEOUT: "2s",
      FS_TIMEOUT: "60s",
    });
    const { exitCode, report } = await runJson(sandbox, runtime, job);
    expect(exitCode).toBe(1);
    expect(report.problems.join()).toContain("it took longer than STORE_FAR_TIMEOUT (2s)");
    expect(setsIn(nas)).toHaveLength(1);
  }, 60_000);

  test("removes nothing there when the listing lacks the set that has just arrived", async () => {
    await using sandbox = await createSandbox();
    const cloud = sandbox.path("cloud");
    mkdirSync(cloud);
    const job = await jobWith(sandbox, {
      STORE_CLOUD_URL: `rclone::local:${cloud}`,
      KEEP_LAST: "1",
      KEEP_DAILY: "0",
      KEEP_WEEKLY: "0",
      KEEP_MONTHLY: "0",
    });
    expect((await runJson(sandbox, runtime, job)).exitCode).toBe(0);
    await sandbox.fake(
      "rclone",
      `#!/bin/sh\nfor a in "$@"; do if [ "$a" = --recursive ]; then echo "[]"; exit 0; fi; done\nexec /usr/bin/rclone "$@"\n`,
    );
    const { exitCode, report } = await runJson(sandbox, runtime, job);
    expect(exitCode).toBe(1);
    expect(report.problems.join()).toContain("the new set is not in its listing");
    expect(setsIn(cloud)).toHaveLength(2);
  }, 60_000);

  test("says of a set that is gone before it could be uploaded that it is lost", async () => {
    await using sandbox = await createSandbox();
    const nas = sandbox.path("nas");
    const job = await jobWith(sandbox, { STORE_NAS_URL: nas });
    await runJson(sandbox, runtime, job);
    const [set = ""] = job.sets();
    renameSync(set, sandbox.path("elsewhere"));
    mkdirSync(nas);
    const { exitCode, report } = await runJson(sandbox, runtime, job);
    expect(exitCode).toBe(1);
    expect(report.problems.join()).toContain(`${set} is gone`);
    expect((await runJson(sandbox, runtime, job)).exitCode).toBe(0);
  }, 60_000);
});
