/** Paths that are booby-trapped, and paths that are merely odd. */
import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { machineMark } from "#lib/core/machine-ids.ts";
import { readMachineIds } from "#lib/tools/read-machine-ids.ts";
import { isRoot } from "#test/support/capabilities.ts";
import { compareTrees, describeTree } from "#test/support/compare-trees.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, runtimes, type Sandbox } from "#test/support/sandbox.ts";

const script = "scripts/backup-run.ts";

/** A directory of somebody else, and a program that plants a link to it as this run's partial when asked its version. */
async function plantPartial(sandbox: Sandbox, job: TestJob, program: string): Promise<string> {
  const victim = sandbox.path("victim");
  mkdirSync(victim);
  // What the write test would call its file.
  writeFileSync(join(victim, "write-test"), "not yours");
  const machine = machineMark(await readMachineIds());
  await sandbox.fake(
    program,
    `#!/bin/sh
run=$(sed -n 's/.*"runId": "\\(.*\\)".*/\\1/p' ${job.journal})
case "$*" in --version) ln -s ${victim} "${job.backups}/.partial-web1+app+$run+${machine}";; esac
exec /usr/bin/${program} "$@"
`,
  );
  return victim;
}

describe.each(runtimes)("A second destination on %s", (runtime) => {
  test("that is missing for long does not let the first one fill up: that is pruned as ever", async () => {
    await using sandbox = await createSandbox();
    const keepOne = { KEEP_LAST: "1", KEEP_DAILY: "0", KEEP_WEEKLY: "0", KEEP_MONTHLY: "0" };
    const job = await createJob(sandbox, { SECONDARY_DIR: sandbox.path("gone"), ...keepOne });
    for (const _night of [1, 2]) {
      const ended = await sandbox.run(runtime, script, ["--config", job.config]);
      expect(ended.exitCode).toBe(1);
    }
    expect(job.sets()).toHaveLength(1);
  });

  test("that is the first one by another path is refused by name, and costs the first one nothing", async () => {
    await using sandbox = await createSandbox();
    const second = sandbox.path("second");
    const job = await createJob(sandbox, { SECONDARY_DIR: second });
    symlinkSync(job.backups, second);
    const ended = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain(
      `Cannot use second destination "${second}": it is "${job.backups}" by another path`,
    );
    expect([job.sets().length, job.partials().length]).toEqual([1, 0]);
  });

  test("that goes right after it was checked costs the first one nothing", async () => {
    await using sandbox = await createSandbox();
    const second = sandbox.path("second");
    mkdirSync(second);
    await sandbox.fake("zstd", `#!/bin/sh\nrm -rf ${second}\nexec /usr/bin/zstd "$@"\n`);
    const job = await createJob(sandbox, { SECONDARY_DIR: second });
    const ended = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain(`No copy in "${second}": Cannot create`);
    expect([job.sets().length, job.partials().length]).toEqual([1, 0]);
  });
});

describe.each(runtimes)("A symlink that is planted for a run on %s is not followed:", (runtime) => {
  test.each([
    ["before the write test", "tar", "File exists"],
    ["after the write test", "zstd", "EEXIST"],
  ])("at the name of its partial, %s: 2", async (_when, program, words) => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const victim = await plantPartial(sandbox, job, program);
    const before = describeTree(victim);
    const ended = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain(words);
    expect([job.sets(), job.partials().length]).toEqual([[], 1]);
    expect(compareTrees(before, describeTree(victim))).toEqual([]);
    // Nor by the next run, which sweeps what dead ones left.
    await sandbox.fake(program, `#!/bin/sh\nexec /usr/bin/${program} "$@"\n`);
    expect((await sandbox.run(runtime, script, ["--config", job.config])).exitCode).toBe(0);
    expect(compareTrees(before, describeTree(victim))).toEqual([]);
  });

  test("at the name of its set, which gets the next one", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox, { BACKUP_LAYOUT: "{YYYY}-{MM}-{DD}T{HH}:{mm}" });
    const now = Date.now();
    // Leading nowhere yet: a rename must not bring about what it leads to.
    for (const at of [now, now + 60_000]) {
      symlinkSync(sandbox.path("victim"), join(job.backups, new Date(at).toISOString().slice(0, 16)));
    }
    const ended = await sandbox.run(runtime, script, ["--config", job.config, "--json"]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(ended.stdout).set).toMatch(/-2$/);
    expect(existsSync(sandbox.path("victim"))).toBe(false);
  });

  test.each([
    ["lock file, and it is refused", "app.lock", 2],
    ["log file, and it goes on with another", "backup-run.log", 0],
  ])("at the name of its %s", async (_what, name, exitCode) => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const victim = await sandbox.write("victim", "not yours\n");
    symlinkSync(victim, sandbox.path(name));
    const ended = await sandbox.run(runtime, script, ["--config", job.config, "--json"]);
    expect(ended.exitCode).toBe(exitCode);
    const { headline, notes } = JSON.parse(ended.stdout);
    expect([headline, ...notes].join("\n")).toContain(`"${sandbox.path(name)}": ELOOP`);
    expect(readFileSync(victim, "utf8")).toBe("not yours\n");
  });
});

test.each(runtimes)("A run on %s bears spaces, quotes, dollars and hashes in every path", async (runtime) => {
  await using sandbox = await createSandbox();
  const paths = {
    APP_DIR: sandbox.path('it\'s a "test" #1'),
    BACKUP_DIR: sandbox.path("a `disk` $HOME; rm -rf $(pwd) 'x'"),
    SECONDARY_DIR: sandbox.path(" -n * ?", '[a]\\t{b} "c"'),
    STATE_DIR: sandbox.path("the state #2"),
    LOCK_FILE: sandbox.path("locks & more", "a lock's #3"),
    LOG_FILE: sandbox.path("log # files", 'a "log".log'),
  };
  for (const path of [paths.APP_DIR, paths.BACKUP_DIR, paths.SECONDARY_DIR, dirname(paths.LOCK_FILE)]) {
    mkdirSync(path, { recursive: true });
  }
  for (const name of ["-rf", "a #1's", 'left "out"', "tab\tand\nnewline"]) {
    writeFileSync(join(paths.APP_DIR, name), name);
  }
  const more = { APP_REQUIRED: "a #1's", APP_EXCLUDES: 'left "out"', APP_MIN_MB: "0", MIN_FREE_GB: "0" };
  const quotes = ["`", "'", '"'];
  const lines = Object.entries({ ...paths, ...more }).map(([key, value]) => {
    const quote = quotes.find((each) => !value.includes(each));
    return `${key}=${quote}${value}${quote}\n`;
  });
  const config = await sandbox.write("the 'etc' #4/app.env", `${lines.join("")}KEEP_LAST=1\n`, 0o600);
  await sandbox.run(runtime, script, ["--config", config]);
  const ended = await sandbox.run(runtime, script, ["--config", config, "--json"]);
  expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
  const report = JSON.parse(ended.stdout);
  expect(report.logFile).toBe(paths.LOG_FILE);
  expect(existsSync(join(paths.STATE_DIR, "app", "status.json"))).toBe(true);
  expect(readFileSync(paths.LOCK_FILE, "utf8")).toBe("");
  for (const root of [paths.BACKUP_DIR, paths.SECONDARY_DIR]) {
    const [manifest = "", ...others] = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith("manifest.json"),
    );
    const set = dirname(join(root, manifest));
    execFileSync("sha256sum", ["--quiet", "-c", "SHA256SUMS"], { cwd: set });
    const restored = mkdtempSync(sandbox.path("restored-"));
    execFileSync("tar", ["--zstd", "-xf", join(set, "application.tar.zst"), "-C", restored]);
    expect(others).toEqual([]);
    expect(readdirSync(restored).sort()).toEqual(["-rf", "a #1's", "tab\tand\nnewline"]);
  }
});

/** While `what` is mounted at `at` as well. */
async function whileBound(what: string, at: string, body: () => Promise<void>): Promise<void> {
  mkdirSync(at);
  execFileSync("mount", ["--bind", what, at]);
  try {
    await body();
  } finally {
    execFileSync("umount", [at]);
  }
}

describe.skipIf(!isRoot)("What is mounted in the source as well", () => {
  test("is refused as the destination: each backup would hold the earlier ones", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    await whileBound(job.backups, join(job.app, "old"), async () => {
      const ended = await sandbox.run("bun", script, ["--config", job.config]);
      expect(ended.exitCode).toBe(2);
      expect(ended.stderr).toContain(
        `Cannot write to "${job.backups}": it lies inside the source "${job.app}", as "${job.app}/old"`,
      );
      expect([job.sets().length, job.partials().length]).toEqual([0, 0]);
    });
  });

  test("is refused as a store, by a part of its sets too: the sets wait for it, and are kept", async () => {
    await using sandbox = await createSandbox();
    const store = sandbox.path("store");
    mkdirSync(join(store, "web1/app"), { recursive: true });
    const job = await createJob(sandbox, { STORE_NAS_URL: store, KEEP_LAST: "1", KEEP_DAILY: "0" });
    await whileBound(join(store, "web1"), join(job.app, "old"), async () => {
      await sandbox.run("bun", script, ["--config", job.config]);
      const ended = await sandbox.run("bun", script, ["--config", job.config]);
      expect(ended.exitCode).toBe(1);
      const words = `it lies inside the source "${job.app}", as "${job.app}/old/app"`;
      expect(ended.stderr).toContain(`Cannot use store "nas" (${store}): ${words}`);
      expect(ended.stderr).toContain(`does not have the set: ${words}; 2 sets wait for it`);
      expect([job.sets().length, readdirSync(join(store, "web1/app")).length]).toEqual([2, 0]);
    });
  });
});
