/**
 * A run over four stacks is ended at many moments, by everything that can end it. Each time, what ran before must run again
 * within 30 seconds, nothing else may have been started, nothing half done may bear a final name, and one truthful message
 * must have gone out.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { guardianMark } from "#lib/tools/processes.ts";
import { type DockerEngine, hasDocker, image, startDockerEngine } from "#test/support/docker-engine.ts";
import { hasProcesses } from "#test/support/has-processes.ts";
import { answer, type RunningHttpServer, startHttpServer } from "#test/support/http-server.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, type Running, type Runtime, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const isWhole = process.env.LASTGOOD_FAULT === "whole";
const moments = isWhole ? 50 : 1;
const againMs = 30_000;

/** Ends at once when told to. */
const obedient = `{image: "${image}", init: true, restart: unless-stopped, command: [sleep, infinity]`;
/** Takes its time to end, so that a stop is under way for a while. */
const slow = `{image: "${image}", restart: unless-stopped, command: [sh, -c, "trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done"]`;

const stacks: Readonly<Record<string, string>> = {
  mixed: `
services:
  web: ${slow}, volumes: ["./data:/data"]}
  off: {image: "${image}", init: true, command: [sleep, infinity]}
  once: {image: "${image}", command: ["true"]}
`,
  ordered: `
services:
  db: ${obedient}, healthcheck: {test: [CMD, "true"], interval: 200ms}, volumes: ["./data:/data"]}
  app: ${obedient}, depends_on: {db: {condition: service_healthy}}}
`,
  always: `
services:
  server: {image: "${image}", init: true, restart: always, command: [sleep, infinity], volumes: ["./data:/data"]}
`,
  plain: `
services:
  one: ${slow}}
  two: ${obedient}}
`,
};

const signals = ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Steps of a run, as its log tells them. */
const boundaries = [
  "run.began",
  "preflight.passed: ✓ zstd",
  "stack.preparing",
  "stack.stopping",
  "archive.written",
  "stack.started",
  "set.verified",
  "set.published",
  "run.complete",
] as const;

interface World extends AsyncDisposable {
  readonly engine: DockerEngine;
  readonly sandbox: Sandbox;
  readonly job: TestJob;
  readonly server: RunningHttpServer;
  readonly states: () => Readonly<Record<string, string>>;
}

async function createWorld(engine: DockerEngine, freeze: string): Promise<World> {
  const sandbox = await createSandbox();
  const server = await startHttpServer(answer(200));
  const job = await createJob(sandbox, {
    APP_DIR: undefined,
    STACKS_DIR: engine.directory,
    STACK_FREEZE: freeze,
    STACK_STAGING_DIR: sandbox.path("staging"),
    WEBHOOK_URL: server.url,
    NOTIFY_ON: "always",
  });
  mkdirSync(sandbox.path("staging"));
  return {
    engine,
    sandbox,
    job,
    server,
    states: () => statesOf(engine),
    [Symbol.asyncDispose]: async () => {
      await sandbox[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

function statesOf(engine: DockerEngine): Readonly<Record<string, string>> {
  const lines = engine.docker("ps", "--all", "--format", "{{.Names}} {{.State}}").split("\n");
  return Object.fromEntries(lines.map((line) => line.split(" ") as [string, string]));
}

function startRun({ sandbox, job, engine }: World, runtime: Runtime): Running {
  return sandbox.start(runtime, "scripts/backup-run.ts", ["--config", job.config], {
    env: engine.environment,
  });
}

function logOf({ job }: World): string {
  return existsSync(job.logFile) ? readFileSync(job.logFile, "utf8") : "";
}

/** Everything that must hold once a run has been ended and whoever clears up after it is done. */
async function expectPromises(
  world: World,
  before: Readonly<Record<string, string>>,
  {
    logBefore,
    sent,
    endedMs,
  }: { readonly logBefore: number; readonly sent: number; readonly endedMs: number },
): Promise<void> {
  await waitFor(() => Bun.deepEquals(world.states(), before), {
    what: `the stacks to be as before: ${JSON.stringify(world.states())}\n${logOf(world).slice(logBefore)}`,
    timeoutMs: againMs - (performance.now() - endedMs),
  });
  await waitFor(() => !hasProcesses(world.sandbox), { what: "whoever clears up to end", timeoutMs: 60_000 });
  // Nothing that is still under way in the engine may end them afterwards.
  expect(world.states()).toEqual(before);
  const log = logOf(world).slice(logBefore);
  const reports = world.server.requests.slice(sent).map((request) => JSON.parse(request.body));
  if (log.includes("run.began")) {
    expect(new Set(reports.map((report) => report.runId)).size).toBe(1);
    const isComplete = log.includes("set.published");
    expect(["complete", "failed", "interrupted"]).toContain(reports[0].outcome);
    if (reports[0].outcome === "complete") expect(isComplete).toBe(true);
    expect(reports.every((report) => report.critical === false)).toBe(true);
  }
  for (const set of world.job.sets()) {
    const checked = spawnSync("sha256sum", ["--quiet", "-c", "SHA256SUMS"], { cwd: set });
    expect({ set, status: checked.status }).toEqual({ set, status: 0 });
  }
  expect(world.job.partials()).toEqual([]);
  expect(existsSync(world.job.journal)).toBe(false);
  expect(readdirSync(world.sandbox.path("staging"))).toEqual([]);
}

/** End the run by `end` when `when` has come, and hold the promises against what is found. */
async function trial(
  world: World,
  runtime: Runtime,
  when: (running: Running, logBefore: number) => Promise<unknown>,
  end: (running: Running) => Promise<void>,
): Promise<void> {
  const before = world.states();
  const [logBefore, sent] = [logOf(world).length, world.server.requests.length];
  const running = startRun(world, runtime);
  await Promise.race([when(running, logBefore), running.exited]);
  const endedMs = performance.now();
  await end(running);
  await running.exited;
  await expectPromises(world, before, { logBefore, sent, endedMs });
}

const untilLogged = (world: World, event: string) => (_running: Running, logBefore: number) =>
  waitFor(() => logOf(world).slice(logBefore).includes(event), { what: event, timeoutMs: 60_000 }).catch(
    () => undefined,
  );

/** The run and what watches over it, at once. */
async function killWithGuardian(world: World, running: Running): Promise<void> {
  const isGuardian = (pid: string) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      return environment.includes(guardianMark) && environment.includes(world.engine.socket);
    } catch {
      return false;
    }
  };
  const guardians = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && isGuardian(pid));
  for (const pid of [String(running.pid), ...guardians]) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

describe.skipIf(!hasDocker)("Stacks whose backup is ended", () => {
  let engine: DockerEngine;
  let before: Readonly<Record<string, string>>;

  beforeAll(async () => {
    engine = await startDockerEngine();
    for (const [name, compose] of Object.entries(stacks)) {
      mkdirSync(join(engine.directory, name, "data"), { recursive: true });
      for (let index = 0; index < 200; index += 1) {
        writeFileSync(join(engine.directory, name, "data", `file-${index}`), `${index}\n`.repeat(100));
      }
      engine.up(name, compose);
    }
    engine.docker("stop", "mixed-off-1");
    await waitFor(() => statesOf(engine)["mixed-once-1"] === "exited", { what: "the one-shot to end" });
    before = statesOf(engine);
    expect(Object.values(before).filter((state) => state === "running")).toHaveLength(6);
  }, 120_000);
  afterAll(() => engine?.[Symbol.asyncDispose]());

  describe.each(isWhole ? (["bun", "deno"] as const) : (["bun"] as const))("on %s", (runtime) => {
    test.each([...signals])(
      "run again, and nothing else does, after %s at every step",
      async (signal) => {
        const events = isWhole
          ? boundaries
          : ([signal === "SIGKILL" ? boundaries[3] : boundaries[4]] as const);
        for (const event of events) {
          await using world = await createWorld(engine, "none");
          await trial(world, runtime, untilLogged(world, event), async (running) => running.kill(signal));
        }
        console.log(`${signal} at ${events.length} steps on ${runtime}: ${events.length} trials, 0 failures`);
      },
      isWhole ? 1_200_000 : 120_000,
    );

    test.each([...signals])(
      `run again after %s at ${moments} random moments`,
      async (signal) => {
        for (let moment = 0; moment < moments; moment += 1) {
          await using world = await createWorld(engine, moment % 2 === 0 ? "none" : "presync");
          const atMs = Math.random() * 9000;
          await trial(
            world,
            runtime,
            () => sleep(atMs),
            async (running) => running.kill(signal),
          );
        }
        console.log(`${signal} at ${moments} random moments on ${runtime}: ${moments} trials, 0 failures`);
      },
      isWhole ? 5_400_000 : 120_000,
    );

    test("run again by recover when the run and its guardian are killed together", async () => {
      const events = isWhole ? boundaries.slice(2, -1) : [boundaries[3]];
      for (const event of events) {
        await using world = await createWorld(engine, "none");
        const [logBefore, sent] = [0, 0];
        const running = startRun(world, runtime);
        await Promise.race([untilLogged(world, event)(running, logBefore), running.exited]);
        await killWithGuardian(world, running);
        await running.exited;
        const endedMs = performance.now();
        const args = ["--config", world.job.config];
        const recovered = await world.sandbox.run(runtime, "scripts/recover.ts", args, {
          env: engine.environment,
        });
        expect(recovered.exitCode).toBe(0);
        await expectPromises(world, before, { logBefore, sent, endedMs });
      }
      console.log(`Run and guardian killed on ${runtime}: ${events.length} trials, 0 failures`);
    }, 600_000);

    test("run again when the engine is restarted in the middle", async () => {
      await using world = await createWorld(engine, "none");
      const running = startRun(world, runtime);
      await untilLogged(world, "archive.written")(running, 0);
      await engine.stop();
      await engine.start();
      await running.exited;
      await waitFor(() => Bun.deepEquals(statesOf(engine), before), {
        what: `the stacks to run: ${JSON.stringify(statesOf(engine))}\n${logOf(world)}`,
        timeoutMs: againMs,
      });
      expect(existsSync(world.job.journal)).toBe(false);
    }, 180_000);
  });
});
