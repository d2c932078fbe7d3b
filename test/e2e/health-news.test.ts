/** What a health check says to whom, and what it must not take back: provoked on real state, by real channels. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { takeLock } from "#lib/tools/flock.ts";
import { answer, type RunningHttpServer, startHttpServer } from "#test/support/http-server.ts";
import { createJob } from "#test/support/job.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

const script = "scripts/health-check.ts";

let hook: RunningHttpServer;
beforeAll(async () => {
  hook = await startHttpServer(answer(200, {}, "OK"));
});
afterAll(() => hook.close());

interface Received {
  readonly job: string;
  readonly tag: string;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** The reports that a webhook was sent, by the path of its address. */
function receivedAt(path: string): readonly Received[] {
  return hook.requests.filter((request) => request.path === path).map(({ body }) => JSON.parse(body));
}

async function layOut(sandbox: Sandbox, name: string, settings: Readonly<Record<string, string>>) {
  const job = await createJob(sandbox, { EXPECT_SCHEDULE: "false", ...settings }, name);
  await mkdir(sandbox.path("config/lastgood"), { recursive: true });
  const config = sandbox.path("config/lastgood", `${name}.env`);
  await rename(job.config, config);
  return { ...job, config };
}

function check(sandbox: Sandbox, ...flags: readonly string[]) {
  return sandbox.run("bun", script, ["--quiet", ...flags], {
    env: { XDG_CONFIG_HOME: sandbox.path("config") },
  });
}

test("health-check tells each address of its own jobs, where the addresses are secrets", async () => {
  await using sandbox = await createSandbox();
  for (const team of ["red", "blue"]) await layOut(sandbox, team, { WEBHOOK_URL: `${hook.url}/${team}` });
  expect((await check(sandbox)).exitCode).toBe(2);
  expect(receivedAt("/red")).toMatchObject([{ job: "red", tag: "CRITICAL" }]);
  expect(receivedAt("/blue")).toMatchObject([{ job: "blue", tag: "CRITICAL" }]);
});

test("health-check sends one message for jobs of which each has its own monitor", async () => {
  await using sandbox = await createSandbox();
  for (const name of ["a", "b", "c"]) {
    const monitor = `${hook.url}/monitor/${name}`;
    await layOut(sandbox, name, {
      WEBHOOK_URL: `${hook.url}/shared`,
      HEALTHCHECKS_URL: monitor,
      UPTIME_KUMA_URL: monitor,
      CHANNEL_PINGS: `webhook=${monitor}`,
    });
  }
  expect((await check(sandbox)).exitCode).toBe(2);
  expect(receivedAt("/shared")).toMatchObject([{ job: "a, b, c", tag: "CRITICAL" }]);
});

test("health-check does not say that a problem is gone because the configuration is broken", async () => {
  await using sandbox = await createSandbox();
  const { config } = await layOut(sandbox, "shop", { WEBHOOK_URL: `${hook.url}/broken` });
  await check(sandbox);
  const text = await readFile(config, "utf8");
  await writeFile(config, `${text}KEEP_DIALY=3\n`);
  await check(sandbox);
  await writeFile(config, text);
  await check(sandbox);
  const reports = receivedAt("/broken");
  expect(reports.map(({ notes }) => notes)).toEqual([[], [], ["In order again: shop: configuration"]]);
  expect(reports[2]?.problems[0]).toContain("There is no whole set here yet");
});

test("health-check takes nothing for restored that a run under way is at", async () => {
  await using sandbox = await createSandbox();
  const job = await layOut(sandbox, "stacks", {
    WEBHOOK_URL: `${hook.url}/stacks`,
    STACKS_DIR: sandbox.path("stacks"),
    STORE_NAS_URL: sandbox.path("nas"),
    STORE_NAS_REQUIRED: "false",
  });
  await sandbox.write("stacks/plex/compose.yaml", "services: {}\n");
  const known = { severity: "critical", since: new Date().toISOString() };
  const problems = { stacks: known, recovery: known, "uploads nas": known };
  const memory = { schema: 1, problems, toldAt: known.since, space: {} };
  await sandbox.write("state/stacks/health.json", JSON.stringify(memory));
  await sandbox.fake("docker", "#!/bin/sh\nexit 1\n");
  const lock = await takeLock(job.lockFile, 0);
  if (!lock.held) throw new Error("Somebody else has it");
  await check(sandbox);
  await lock.lock.release();
  expect(receivedAt("/stacks").flatMap(({ notes }) => notes)).toEqual([]);
});

test("health-check misses the last set also after a drill and a failed run, which make none", async () => {
  await using sandbox = await createSandbox();
  const job = await layOut(sandbox, "gone", {});
  const at = ["--config", job.config];
  const run = (name: string, ...args: readonly string[]) =>
    sandbox.run("bun", `scripts/${name}.ts`, [...args, ...at]);
  expect((await run("backup-run")).exitCode).toBe(0);
  await mkdir(sandbox.path("drills"));
  expect((await run("restore", "drill", "--to", sandbox.path("drills"))).exitCode).toBe(0);
  await rename(job.app, `${job.app}-away`);
  expect((await run("backup-run")).exitCode).toBe(2);
  await rename(`${job.app}-away`, job.app);
  const lastSet = async () => {
    const { stdout } = await sandbox.run("bun", script, ["--json", ...at]);
    const findings: readonly { readonly name: string; readonly severity: string }[] =
      JSON.parse(stdout).jobs[0].findings;
    return findings.find(({ name }) => name === "last set");
  };
  expect(await lastSet()).toMatchObject({ severity: "ok", message: expect.stringContaining("is there") });
  for (const set of job.sets()) await rm(set, { recursive: true });
  expect(await lastSet()).toMatchObject({
    severity: "critical",
    message: expect.stringContaining("is gone"),
  });
});

test("health-check tells of the jobs also when it cannot read what it remembers of the machine", async () => {
  await using sandbox = await createSandbox();
  await layOut(sandbox, "shop", { WEBHOOK_URL: `${hook.url}/forgotten` });
  await mkdir(sandbox.path("state/_machine/health.json"), { recursive: true });
  const { exitCode, stderr } = await check(sandbox);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("health.forgotten") });
  expect(receivedAt("/forgotten")).toMatchObject([{ job: "shop", tag: "CRITICAL" }]);
});
