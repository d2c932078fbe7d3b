/**
 * Whatever ends `restore --in-place`, at whatever moment: the live directory is wholly old or wholly new, nothing else lies
 * about, and the next command says which it is.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compareTrees, describeTree, type Tree } from "#test/support/compare-trees.ts";
import { expectTruth } from "#test/support/expect-truth.ts";
import { hasProcesses } from "#test/support/has-processes.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, type Ended, type Running, type Runtime, runtimes } from "#test/support/sandbox.ts";
import { type Blow, createStriker, type Strike, type Striker } from "#test/support/striker.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/restore.ts";
const isWhole = process.env.LASTGOOD_FAULT === "whole";
const randomMoments = isWhole ? 100 : 1;
const blows = ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "power"] as const;

type Found = "old" | "new";

interface World extends AsyncDisposable {
  readonly job: TestJob;
  readonly striker: Striker;
  /** Begin a restore that the striker ends, or nobody yet. */
  readonly start: (runtime: Runtime, strike?: Strike) => Running;
  readonly run: (runtime: Runtime, script: string, ...args: readonly string[]) => Promise<Ended>;
  /** Once nobody of the run is left to do anything. */
  readonly settle: () => Promise<void>;
  /** Which of the two there is; it becomes the old one again. */
  readonly takeBack: () => Found;
  readonly log: () => string;
}

/** A set of the application, which has changed since. */
async function createWorld(): Promise<World> {
  const sandbox = await createSandbox();
  const job = await createJob(sandbox);
  for (let index = 0; index < 300; index += 1)
    await sandbox.write(`srv/app/many/${index}`, `${index}\n`.repeat(50));
  const restored = describeTree(job.app);
  expect(await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config])).toMatchObject({
    exitCode: 0,
  });
  writeFileSync(`${job.app}/index.php`, "changed\n");
  await sandbox.write("srv/app/new", "new\n");
  const old = describeTree(job.app);
  const striker = createStriker(sandbox.path("striker"));
  const args = ["restore", "latest", "--in-place", "--yes", "--trust", "-c", job.config];
  return {
    job,
    striker,
    start: (runtime, strike) => {
      striker.arm(strike);
      const running = sandbox.start(runtime, script, args, { env: { PATH: striker.path } });
      striker.watch(running.pid);
      return running;
    },
    run: (runtime, name, ...more) => sandbox.run(runtime, name, [...more, "--config", job.config]),
    settle: () =>
      waitFor(() => !hasProcesses(sandbox), { what: "whoever clears up to end", timeoutMs: 60_000 }).then(
        () => undefined,
      ),
    takeBack: () => {
      const now = describeTree(job.app);
      const isNew = isAlike(now, restored);
      if (!isNew) expect(compareTrees(old, now, { ignore: isTop })).toEqual([]);
      const beside = readdirSync(dirname(job.app)).filter((name) => name !== "app");
      expect(beside.filter((name) => !name.startsWith("app.before-"))).toEqual([]);
      expect(beside).toHaveLength(isNew ? 1 : 0);
      const [kept] = beside;
      if (kept !== undefined) {
        expect(isAlike(describeTree(sandbox.path("srv", kept)), old)).toBe(true);
        rmSync(job.app, { recursive: true });
        renameSync(sandbox.path("srv", kept), job.app);
      }
      return isNew ? "new" : "old";
    },
    log: () => readFileSync(job.logFile, "utf8"),
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

const isTop = (path: string) => path === "";
const isAlike = (a: Tree, b: Tree) => compareTrees(a, b, { ignore: isTop }).length === 0;

/** Hold everything that is promised against what a restore that was ended has left. */
async function expectPromises(
  world: World,
  runtime: Runtime,
  blow: Blow,
  ended: Ended,
  logBefore: number,
): Promise<Found> {
  if (blow !== "power") await world.settle();
  const next = await world.run(
    runtime,
    Math.random() < 0.5 ? "scripts/recover.ts" : "scripts/health-check.ts",
  );
  await world.settle();
  expect(existsSync(world.job.journal)).toBe(false);
  const found = world.takeBack();
  const said = `${world.log().slice(logBefore)}${next.stderr}`;
  expectTruth({ blow, ended, said, isNew: found === "new" });
  return found;
}

async function trial(
  world: World,
  runtime: Runtime,
  blow: Blow,
  ending: Strike | { readonly afterMs: number },
): Promise<Found> {
  const logBefore = world.log().length;
  const running = "turn" in ending ? world.start(runtime, ending) : world.start(runtime);
  if ("afterMs" in ending) {
    await Promise.race([sleep(ending.afterMs), running.exited]);
    if (blow !== "power") running.kill(blow);
  }
  return expectPromises(world, runtime, blow, await running.exited, logBefore);
}

/** How often which of the two was found. */
const tell = (what: string, found: readonly Found[]) => {
  const isNew = found.filter((one) => one === "new").length;
  console.log(
    `${what}: ${found.length} trials, 0 failures; ${found.length - isNew} times old, ${isNew} times new`,
  );
};

describe.each(runtimes)("restore --in-place on %s", (runtime) => {
  let world: World;
  /** What an undisturbed one calls, and how long it takes. */
  let calls: readonly string[];
  let tookMs: number;

  beforeAll(async () => {
    world = await createWorld();
    const startedMs = performance.now();
    await restoreWhole();
    tookMs = performance.now() - startedMs;
    calls = world.striker.calls();
  }, 60_000);
  afterAll(() => world?.[Symbol.asyncDispose]());

  async function restoreWhole() {
    const ended = await world.start(runtime).exited;
    expect({ ...ended, found: world.takeBack() }).toMatchObject({ exitCode: 0, stderr: "", found: "new" });
  }

  /** All, or some of those at which names change. */
  function choose(blow: Blow): readonly Strike[] {
    const all = calls.flatMap((call, index) =>
      (["before", "after"] as const).map((when) => ({ call, blow, when, turn: index + 1 })),
    );
    if (isWhole) return all;
    const moves = all.filter(({ call }) => call.startsWith("mv "));
    if (runtime === "bun" && blow === "SIGKILL") return moves;
    const chosen = (blows.indexOf(blow) + runtimes.indexOf(runtime) * 2) % moves.length;
    return moves.filter((_, index) => index === chosen);
  }

  test.each([...blows])(
    "%s at the programs that it calls: old or new as a whole, and the next command says which",
    async (blow) => {
      const found: Found[] = [];
      for (const strike of choose(blow)) found.push(await trial(world, runtime, blow, strike));
      if (isWhole) expect(new Set(found)).toEqual(new Set<Found>(["old", "new"]));
      tell(
        `${blow} before and after ${isWhole ? "each" : "some"} of ${calls.length} programs on ${runtime}`,
        found,
      );
    },
    isWhole ? 2_400_000 : 60_000,
  );

  test.each(["SIGKILL", "SIGTERM"] as const)(
    `%s at ${randomMoments} random moments: old or new as a whole, and the next command says which`,
    async (blow) => {
      const found: Found[] = [];
      for (let index = 0; index < randomMoments; index += 1)
        found.push(await trial(world, runtime, blow, { afterMs: Math.random() * tookMs }));
      tell(`${blow} at ${randomMoments} random moments on ${runtime}`, found);
    },
    isWhole ? 2_400_000 : 60_000,
  );

  test("what was to be done still can be, after all that", () => restoreWhole(), 60_000);
});
