/** health-check as a process: problems provoked on real state and cleared again, told once, and taken back. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFile, chmod, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { isRoot } from "#test/support/capabilities.ts";
import { holdLock } from "#test/support/hold-lock.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, type Runtime, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { type RunningSmtpServer, startSmtpServer } from "#test/support/smtp-server.ts";

const script = "scripts/health-check.ts";

let smtp: RunningSmtpServer;
beforeAll(async () => {
  smtp = await startSmtpServer();
});
afterAll(() => smtp.close());

/** Nothing starts the jobs of a sandbox. */
const quiet = { EXPECT_SCHEDULE: "false" };

const mailed = () => ({
  ...quiet,
  EMAIL_TO: "admin@example.org",
  EMAIL_FROM: "lastgood@web1.example.org",
  SMTP_HOST: "127.0.0.1",
  SMTP_PORT: String(smtp.port),
  SMTP_SECURITY: "none",
});

interface Finding {
  readonly name: string;
  readonly severity: string;
  readonly message: string;
}

async function checkOn(runtime: Runtime, sandbox: Sandbox, ...flags: readonly string[]) {
  const ended = await sandbox.run(runtime, script, ["--json", ...flags], {
    env: { XDG_CONFIG_HOME: sandbox.path("config") },
  });
  const json = JSON.parse(ended.stdout);
  const findings: readonly Finding[] = json.jobs?.[0]?.findings ?? [];
  const problems = findings.filter(({ severity }) => severity !== "ok");
  return { ...ended, json, problems: new Map(problems.map((one) => [one.name, one] as const)) };
}

async function backUpOn(runtime: Runtime, sandbox: Sandbox, { config }: TestJob): Promise<void> {
  const { exitCode, stderr } = await sandbox.run(runtime, "scripts/backup-run.ts", ["--config", config]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
}

describe.each(runtimes)("health-check on %s", (runtime) => {
  const check = (sandbox: Sandbox, ...flags: readonly string[]) => checkOn(runtime, sandbox, ...flags);
  const backUp = (sandbox: Sandbox, job: TestJob) => backUpOn(runtime, sandbox, job);

  test("is 2 before the first set and 0 after it, and says so in a table, to Nagios and to Prometheus", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox, quiet);
    const first = await check(sandbox, "--config", job.config);
    expect(first.exitCode).toBe(2);
    expect([...first.problems.keys()]).toEqual(["age"]);
    await backUp(sandbox, job);
    const second = await check(sandbox, "--config", job.config);
    expect(second.problems).toEqual(new Map());
    expect(second).toMatchObject({
      exitCode: 0,
      json: { schema: 1, state: "ok", exitCode: 0, host: "web1" },
    });

    const prom = sandbox.path("health.prom");
    const args = ["--config", job.config, "--prometheus", prom];
    const table = await sandbox.run(runtime, script, args);
    expect(table.exitCode).toBe(0);
    expect(table.stdout).toMatch(
      /^JOB +STATE +CHECK +WHAT\napp +OK +\d+ checks +The last whole set here is .* old/,
    );
    const text = await readFile(prom, "utf8");
    expect(text).toContain('lastgood_health_state{job="app",check="age"} 0\n');
    const nagios = await sandbox.run(runtime, script, ["--config", job.config, "--nagios"]);
    expect(nagios.stdout).toMatch(
      /^LASTGOOD OK: 1 job is well \| 'app age'=\d+s;93600 'app space .*'=\d+B;0: /,
    );
    const bad = await sandbox.run(runtime, script, ["--nagios", "--frob"]);
    expect(bad).toMatchObject({
      exitCode: 3,
      stdout: expect.stringContaining('LASTGOOD UNKNOWN: Unknown option "--frob"'),
    });
  });

  test("mails what is new once, is silent after that, and takes it back", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox, mailed(), `mail-${runtime}`);
    const mails = () => smtp.messages.filter(({ subject }) => subject.includes(`mail-${runtime}`));
    const cron = () => sandbox.run(runtime, script, ["--config", job.config, "--quiet"]);
    const alarmed = await cron();
    expect(alarmed).toMatchObject({ exitCode: 2, stdout: "" });
    expect(alarmed.stderr).toContain("There is no whole set here yet");
    expect(mails().map(({ subject }) => subject)).toEqual([
      `[CRITICAL] health-check mail-${runtime} on web1`,
    ]);
    expect(await cron()).toMatchObject({ exitCode: 2, stdout: "", stderr: "" });
    expect(mails()).toHaveLength(1);
    // A day later.
    const memory = join(sandbox.path("state"), `mail-${runtime}`, "health.json");
    const dayAgo = new Date(Date.now() - 25 * 3_600_000).toISOString();
    await writeFile(
      memory,
      (await readFile(memory, "utf8")).replace(/"toldAt": ".*"/, `"toldAt": "${dayAgo}"`),
    );
    await cron();
    expect(mails()).toHaveLength(2);
    expect(mails()[1]?.text).toContain("Still: ");
    await backUp(sandbox, job);
    expect(await cron()).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    expect(mails().map(({ subject }) => subject)[2]).toBe(`[RECOVERED] health-check mail-${runtime} on web1`);
    expect(mails()[2]?.text).toContain("All is in order again");
    await cron();
    expect(mails()).toHaveLength(3);
  });

  test("finishes what a dead run left, sends what waits in the outbox, and says that a run died", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox, { ...mailed(), NOTIFY_ON: "warning" }, `dead-${runtime}`);
    await backUp(sandbox, job);
    const runId = "11111111-2222-4333-8444-555555555555";
    const started = new Date(Date.now() - 60_000).toISOString();
    const journal = {
      schema: 1,
      runId,
      script: "backup-run",
      job: `dead-${runtime}`,
      host: "web1",
      pid: 1,
      startedAt: started,
      undo: [],
    };
    await writeFile(job.journal, JSON.stringify(journal));
    const { exitCode, problems, stderr } = await check(sandbox, "--config", job.config);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
    expect([...problems.keys()]).toEqual(["last run"]);
    expect(problems.get("last run")?.message).toStartWith("The last run died");
    expect(
      smtp.messages
        .filter(({ subject }) => subject.includes(`dead-${runtime}`))
        .map(({ subject }) => subject),
    ).toEqual([
      `[FAILED] backup-run dead-${runtime} on web1`,
      `[WARNING] health-check dead-${runtime} on web1`,
    ]);
    await backUp(sandbox, job);
    expect((await check(sandbox, "--config", job.config)).exitCode).toBe(0);
  });
});

test("health-check answers a monitor before it loses patience, also when docker hangs", async () => {
  await using sandbox = await createSandbox();
  const job = await createJob(sandbox, { ...quiet, STACKS_DIR: sandbox.path("srv") });
  await sandbox.fake("docker", "#!/bin/sh\nexec sleep 300\n");
  const ended = await sandbox.run("bun", script, ["--config", job.config, "--nagios"]);
  expect(ended).toMatchObject({ exitCode: 3, stdout: "LASTGOOD UNKNOWN: No answer within 9.5 s\n" });
}, 60_000);

test("health-check names to a monitor the configuration and the directory that give no answer, in its time", async () => {
  await using sandbox = await createSandbox();
  const { config, backups } = await createJob(sandbox, quiet, "hung");
  const linked = sandbox.path("config/lastgood/linked.env");
  await mkdir(dirname(linked), { recursive: true });
  await rename(config, sandbox.path("config/lastgood/hung.env"));
  await symlink(sandbox.path("share/linked.env"), linked);
  const hang = `case "$path" in ${backups} | ${linked}) exec sleep 300 ;; esac`;
  await sandbox.fake("stat", `#!/bin/sh\nfor path; do ${hang}; done\nexec /usr/bin/stat "$@"\n`);
  const env = { XDG_CONFIG_HOME: sandbox.path("config") };
  const { exitCode, stdout } = await sandbox.run("bun", script, ["--nagios"], { env });
  expect(stdout).toMatch(/^CRITICAL hung: directories: Cannot find .*: no answer from the file system/m);
  expect(stdout).toMatch(/^CRITICAL linked: configuration: Cannot read .*: no answer from the file system/m);
  expect(exitCode).toBe(2);
}, 60_000);

test("health-check opens nothing of a state that gives no answer: it would have no thread left for the other jobs", async () => {
  await using sandbox = await createSandbox();
  const hung = sandbox.path("hung");
  const settings = { ...quiet, FS_TIMEOUT: "1s" };
  const job = await createJob(sandbox, { ...settings, STATE_DIR: hung, BACKUP_DIR: sandbox.path("b") });
  await mkdir(join(hung, "app"), { recursive: true });
  // Read, it would be a problem of its own.
  await writeFile(join(hung, "app", "status.json"), "damaged");
  const hang = `for path; do [ "$path" != "${hung}" ] || exec sleep 300; done`;
  await sandbox.fake("stat", `#!/bin/sh\n${hang}\nexec /usr/bin/stat "$@"\n`);
  const ended = await sandbox.run("bun", script, ["--config", job.config, "--json"]);
  const findings: { name: string; message: string }[] = JSON.parse(ended.stdout).jobs[0].findings;
  expect(findings.find(({ name }) => name === "state")?.message).toBe(
    `Cannot read the state in "${hung}/app": no answer from the file system`,
  );
  expect(ended.exitCode).toBe(2);
}, 60_000);

// Many runs: what differs between runtimes is in the tests above.
test("health-check finds each of these on real state, one finding each, and none when it is put right", async () => {
  const runtime = "bun";
  const check = (...args: readonly [Sandbox, ...string[]]) => checkOn(runtime, ...args);
  const backUp = (...args: readonly [Sandbox, TestJob]) => backUpOn(runtime, ...args);
  await using sandbox = await createSandbox();
  const store = sandbox.path("nas");
  await mkdir(store);
  const job = await createJob(sandbox, { ...quiet, STORE_NAS_URL: store, STORE_NAS_REQUIRED: "false" });
  await backUp(sandbox, job);
  const state = join(sandbox.path("state"), "app");
  const at = ["--config", job.config] as const;
  const namesAfter = async (provoke: () => Promise<unknown>) => {
    await provoke();
    return [...(await check(sandbox, ...at)).problems.keys()];
  };
  const nothing = await check(sandbox, ...at);
  expect(nothing.problems).toEqual(new Map());

  // The destination is gone, and everybody may write to it.
  await rename(job.backups, `${job.backups}-away`);
  expect(await namesAfter(async () => undefined)).toEqual(["directories", "last set"]);
  await rename(`${job.backups}-away`, job.backups);
  expect(await namesAfter(() => chmod(job.backups, 0o777))).toEqual(["permissions"]);
  await chmod(job.backups, 0o755);

  // State that is damaged or newer, a journal that is none.
  const status = await readFile(join(state, "status.json"), "utf8");
  expect(await namesAfter(() => writeFile(join(state, "status.json"), status.slice(0, 40)))).toEqual([
    "state",
  ]);
  await writeFile(join(state, "status.json"), status.replace('"schema": 1', '"schema": 9'));
  expect((await check(sandbox, ...at)).problems.get("state")?.message).toContain("newer version");
  // A set that is too old, here and in the store; a clock that was set back.
  const old = new Date(Date.now() - 40 * 3_600_000).toISOString();
  const ends = /"\d{4}-\d\d-\d\dT[^"]+Z"/g;
  expect(
    await namesAfter(() => writeFile(join(state, "status.json"), status.replaceAll(ends, `"${old}"`))),
  ).toEqual(["age", "copy store nas"]);
  const future = new Date(Date.now() + 3_600_000).toISOString();
  expect(
    await namesAfter(() => writeFile(join(state, "status.json"), status.replaceAll(ends, `"${future}"`))),
  ).toEqual(["clock"]);
  await writeFile(join(state, "status.json"), status);

  // A store that is down: the run is partial, the set whole here; then it is back, and what waited is there.
  await rename(store, `${store}-away`);
  await sandbox.run(runtime, "scripts/backup-run.ts", [...at]);
  expect(await namesAfter(async () => undefined)).toEqual(["last run", "store nas", "uploads nas"]);
  await rename(`${store}-away`, store);
  await sandbox.run(runtime, "scripts/upload-waiting.ts", [...at]);
  expect(await namesAfter(async () => undefined)).toEqual(["last run"]);
  await backUp(sandbox, job);
  expect(await namesAfter(async () => undefined)).toEqual([]);
  const deep = await check(sandbox, ...at, "--deep");
  expect(deep.json.jobs[0].findings.find(({ name }: Finding) => name === "store nas")).toMatchObject({
    severity: "ok",
    message: expect.stringContaining("has 3 sets"),
  });
  await rm(store, { recursive: true });
  expect([...(await check(sandbox, ...at, "--deep")).problems.keys()]).toEqual(["store nas"]);

  // Two runs that found the lock held; a configuration that is wrong, or that others may write.
  const startBeside = async () => {
    await using _held = await holdLock(job.lockFile);
    expect((await sandbox.run(runtime, "scripts/backup-run.ts", [...at])).exitCode).toBe(75);
  };
  expect(await namesAfter(startBeside)).toEqual([]);
  expect(await namesAfter(startBeside)).toEqual(["busy"]);
  expect(await namesAfter(() => appendFile(job.config, "KEEP_DIALY=3\n"))).toEqual(["configuration"]);
  await chmod(job.config, 0o666);
  expect(await namesAfter(async () => undefined)).toEqual(["configuration permissions"]);
});

test("health-check finds what proofs, sizes and programs say, each in one finding, and none when it is put right", async () => {
  await using sandbox = await createSandbox();
  const job = await createJob(sandbox, { ...quiet, SIZE_ALERT_PERCENT: "60" });
  const at = ["--config", job.config] as const;
  const record = (name: string) => join(sandbox.path("state"), "app", name);
  const run = (script: string, ...args: readonly string[]) =>
    sandbox.run("bun", `scripts/${script}.ts`, [...args, ...at]);
  const problems = async () => (await checkOn("bun", sandbox, ...at)).problems;
  const names = async () => [...(await problems()).keys()];
  /** Write other text into a record of the job while that is asked. */
  const withOther = async (name: string, change: (text: string) => string) => {
    const text = await readFile(record(name), "utf8");
    await writeFile(record(name), change(text));
    const found = await names();
    await writeFile(record(name), text);
    return found;
  };
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  const aged = (text: string) => text.replaceAll(/"at": ?"[^"]+"/g, `"at":"${daysAgo(40)}"`);
  const large = join(job.app, "storage/uploads/large");
  await writeFile(large, "x".repeat(200_000));
  await backUpOn("bun", sandbox, job);
  await backUpOn("bun", sandbox, job);
  expect(await names()).toEqual([]);

  // A copy that was damaged and one that is whole, verified in this order; a drill of each.
  const [first = "", second = ""] = job.sets();
  const archive = join(first, "application.tar.zst");
  const bytes = await readFile(archive);
  // Two of one second have the same time.
  const pathOf = (set: string) => relative(job.backups, set);
  await writeFile(archive, bytes.fill(0, 20, 40));
  expect((await run("restore", "verify", pathOf(first))).exitCode).toBe(2);
  expect((await run("restore", "verify", pathOf(second))).exitCode).toBe(0);
  const damaged = (await problems()).get("verification");
  expect(damaged).toMatchObject({ severity: "critical", message: expect.stringContaining("application") });
  await rm(first, { recursive: true });
  await rm(record("verified.json"));
  await run("restore", "verify", pathOf(second));
  expect(await names()).toEqual([]);
  expect(await withOther("verified.json", aged)).toEqual(["verification"]);
  const to = ["--to", sandbox.path("drills")] as const;
  await mkdir(sandbox.path("drills"));
  expect((await run("restore", "drill", ...to)).exitCode).toBe(0);
  expect(await names()).toEqual([]);
  expect(await withOther("drill.json", aged)).toEqual(["drill"]);
  for (const name of ["drill.json", "verified.json"]) {
    expect(await withOther(name, (text) => text.slice(0, 40))).toEqual(["state"]);
    expect(await withOther(name, (text) => text.replace('"schema": 1', '"schema": 2'))).toEqual(["state"]);
  }
  await appendFile(join(job.app, "index.php"), "lost\n");
  const whole = await readFile(join(second, "application.tar.zst"));
  await writeFile(join(second, "application.tar.zst"), Buffer.from(whole).fill(0, 20, 40));
  await run("restore", "drill", pathOf(second), ...to);
  expect((await problems()).get("drill")?.severity).toBe("critical");
  await writeFile(join(second, "application.tar.zst"), whole);
  await run("restore", "drill", pathOf(second), ...to);
  expect(await names()).toEqual([]);

  // A disk that fills by 1 GiB a day and has room for two more days; a program that is gone; a journal that is cut off.
  const free = (await checkOn("bun", sandbox, ...at)).json.jobs[0].findings.find(
    ({ name }: Finding) => name === `space ${job.backups}`,
  ).figure.value;
  const memory = { schema: 1, problems: {}, space: {} };
  const falling = [8, 6, 4, 2].map((days) => ({ at: daysAgo(days), freeBytes: free + (days * free) / 4 }));
  await writeFile(record("health.json"), JSON.stringify({ ...memory, space: { [job.backups]: falling } }));
  expect((await problems()).get(`space ${job.backups}`)?.message).toContain("at this rate it is full on");
  await rm(record("health.json"));
  await sandbox.fake("zstd", "#!/bin/sh\nexit 127\n");
  expect(await names()).toEqual(["programs"]);
  await rm(join(sandbox.bin, "zstd"));
  await writeFile(job.journal, '{"schema":1,"runId":"x"');
  const cutOff = await names();
  expect(cutOff).toEqual(["state"]);
  await backUpOn("bun", sandbox, job);
  expect(await names()).toEqual([]);

  // An application that shrank, and has its usual size again.
  await rm(large);
  await run("backup-run");
  expect(new Set(await names())).toEqual(new Set(["last run", "size"]));
  await writeFile(large, "x".repeat(200_000));
  await backUpOn("bun", sandbox, job);
  expect(await names()).toEqual([]);
});

test.skipIf(!isRoot)(
  "health-check says that nothing starts a job, until it is said that something elsewhere does",
  async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    await backUpOn("bun", sandbox, job);
    const { exitCode, problems } = await checkOn("bun", sandbox, "--config", job.config);
    expect([exitCode, ...problems.keys()]).toEqual([2, "schedule"]);
    await appendFile(job.config, "EXPECT_SCHEDULE=false\n");
    expect((await checkOn("bun", sandbox, "--config", job.config)).exitCode).toBe(0);
  },
);

test("health-check over all jobs sends one mail for those that share channels, and another to whoever else is concerned", async () => {
  await using sandbox = await createSandbox();
  const env = { XDG_CONFIG_HOME: sandbox.path("config") };
  const to = (EMAIL_TO: string) => ({ ...mailed(), EMAIL_TO });
  for (const [name, settings] of [
    ["one", to("many-a@example.org")],
    ["two", to("many-a@example.org")],
    ["three", to("many-b@example.org")],
    ["wrong", { ...to("many-a@example.org"), KEEP_DIALY: "3" }],
  ] as const) {
    const job = await createJob(sandbox, settings, name);
    await mkdir(sandbox.path("config/lastgood"), { recursive: true });
    await rename(job.config, sandbox.path("config/lastgood", `${name}.env`));
  }
  // Of a deployment, and of nobody.
  await sandbox.write("config/lastgood/predeploy.env", "PREDEPLOY_STAGES=x\n", 0o600);
  await sandbox.write("config/lastgood/.hidden.env", "nonsense\n", 0o600);
  const ended = await sandbox.run("bun", script, ["--quiet"], { env });
  expect(ended).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("no whole set here yet") });
  const mails = smtp.messages.filter(({ to: [first] }) => first?.startsWith("many-"));
  expect(new Map(mails.map(({ to: [first], subject }) => [first, subject]))).toEqual(
    new Map([
      ["many-a@example.org", "[CRITICAL] health-check one, two, wrong on web1"],
      ["many-b@example.org", "[CRITICAL] health-check three on web1"],
    ]),
  );
  expect(mails).toHaveLength(2);
  const shared = mails.find(({ to: [first] }) => first === "many-a@example.org");
  expect(shared?.text).toContain("did you mean KEEP_DAILY");
  expect(await sandbox.run("bun", script, ["--quiet"], { env })).toMatchObject({ stdout: "", stderr: "" });
});

test("health-check says that a channel is down, sends what waited once it is back, and takes that back", async () => {
  await using sandbox = await createSandbox();
  const job = await createJob(
    sandbox,
    { ...mailed(), SMTP_PORT: "1", NOTIFY_ON: "always", NOTIFY_TIMEOUT: "2s" },
    "down",
  );
  const at = ["--config", job.config, "--quiet"] as const;
  await sandbox.run("bun", "scripts/backup-run.ts", [...at]);
  const first = await sandbox.run("bun", script, [...at]);
  expect(first.exitCode).toBe(1);
  expect(first.stderr).toContain("outbox: 1 message waits in the outbox");
  expect(first.stderr).toContain("email did not take the last message");
  expect(await sandbox.run("bun", script, [...at])).toMatchObject({ exitCode: 1, stdout: "", stderr: "" });
  const text = await readFile(job.config, "utf8");
  await writeFile(job.config, text.replace('SMTP_PORT="1"', `SMTP_PORT="${smtp.port}"`));
  expect(await sandbox.run("bun", script, [...at])).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  const subjects = smtp.messages.map(({ subject }) => subject).filter((one) => one.includes(" down on web1"));
  expect(subjects).toEqual([
    "[OK] backup-run down on web1",
    "[WARNING] health-check down on web1",
    "[RECOVERED] health-check down on web1",
  ]);
});

test("health-check does not disturb a run that holds the lock, and finds one that holds it too long", async () => {
  await using sandbox = await createSandbox();
  const job = await createJob(sandbox, { ...quiet, RUN_TIMEOUT: "1h" });
  await backUpOn("bun", sandbox, job);
  const journal = { schema: 1, runId: "a", script: "backup-run", job: "app", host: "web1", pid: 1, undo: [] };
  const startedAt = new Date(Date.now() - 2 * 3_600_000).toISOString();
  await writeFile(job.journal, JSON.stringify({ ...journal, startedAt }));
  await using lock = await holdLock(job.lockFile);
  const holder = { script: "backup-run", job: "app", runId: "a", pid: 4711, host: "web1", startedAt };
  await lock.describe(JSON.stringify(holder));
  const { exitCode, problems } = await checkOn("bun", sandbox, "--config", job.config);
  expect({ exitCode, names: [...problems.keys()] }).toEqual({ exitCode: 2, names: ["lock"] });
  expect(problems.get("lock")?.message).toContain("pid 4711");
  expect(await readFile(job.lockFile, "utf8")).toContain("4711");
  expect(await readFile(job.journal, "utf8")).toContain(startedAt);
});
