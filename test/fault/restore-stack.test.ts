/**
 * Whatever ends the restore of a stack in place, at whatever step: its data are all old or all new, what ran runs with them and
 * nothing else does, and the next command says which it is.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compareTrees, describeTree, type Tree } from "#test/support/compare-trees.ts";
import { type DockerEngine, hasDocker, startDockerEngine } from "#test/support/docker-engine.ts";
import { expectTruth } from "#test/support/expect-truth.ts";
import { hasProcesses } from "#test/support/has-processes.ts";
import { type Running, type Runtime, runtimes } from "#test/support/sandbox.ts";
import { service } from "#test/support/stack.ts";
import { createRestorableStack, type RestorableStack } from "#test/support/stack-restore.ts";
import { type Blow, createStriker, type Strike, type Striker } from "#test/support/striker.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/restore.ts";
const isWhole = process.env.LASTGOOD_FAULT === "whole";
const moments = isWhole ? 100 : 1;
const blows = ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "power"] as const;
/** Of two runtimes, others each. */
const sample = {
  bun: { blows: ["SIGKILL", "power"], random: [], replaced: ["SIGKILL"] },
  deno: { blows: ["SIGTERM"], random: ["SIGKILL"], replaced: [] },
} as const;
/** Nothing has been changed when these are called, however often. */
const looks = 20;

type Found = "old" | "new";

const isOfBefore = (path: string) => path.includes(".before-");
const ignore = (path: string) => path === "" || isOfBefore(path);

describe.skipIf(!hasDocker)("restore of a stack in place", () => {
  let engine: DockerEngine;
  let stack: RestorableStack;
  let striker: Striker;

  beforeAll(async () => {
    engine = await startDockerEngine();
    engine.up("other", `services:\n  on: ${service}}\n  off: ${service}}\n`);
    engine.docker("stop", "other-off-1");
    stack = await createRestorableStack(engine);
    striker = createStriker(stack.sandbox.path("striker"));
  }, 60_000);
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  /** Every container of the engine by its id, and whether it runs. */
  const containers = () =>
    new Set(
      engine.docker("ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}}").split("\n"),
    );
  const places = () => [stack.appdata, stack.directory, stack.volume()];
  const trees = () => places().map((place) => describeTree(place));
  const differ = (some: readonly Tree[], others: readonly Tree[]) =>
    some.flatMap((tree, index) => compareTrees(tree, others[index] ?? new Map(), { ignore }));
  const beside = () =>
    [dirname(stack.appdata), stack.directory, dirname(stack.volume())].flatMap((path) =>
      readdirSync(path)
        .filter((name) => name.startsWith(".lastgood-") || isOfBefore(name))
        .map((name) => join(path, name)),
    );
  const log = () => readFileSync(stack.job.logFile, "utf8");
  /** What the service sees, as opposed to what lies there. */
  const seen = () =>
    engine.docker("exec", `${stack.name}-web-1`, "cat", "/data/page", "/kept/file", "/conf.txt");

  function start(runtime: Runtime, strike?: Strike): Running {
    striker.arm(strike);
    const env = { ...engine.environment, PATH: striker.path };
    const running = stack.sandbox.start(runtime, script, stack.args(), { env });
    striker.watch(running.pid);
    return running;
  }

  const settle = () =>
    waitFor(() => !hasProcesses(stack.sandbox), { what: "whoever clears up to end", timeoutMs: 90_000 });

  describe.each(runtimes)("on %s", (runtime) => {
    let calls: readonly string[];
    let tookMs: number;
    let restored: readonly Tree[];
    let kept: number;

    beforeAll(async () => {
      const startedMs = performance.now();
      await restoreWhole();
      tookMs = performance.now() - startedMs;
      calls = striker.calls();
      restored = trees();
      kept = beside().length;
      expect(beside().filter((path) => !isOfBefore(path))).toEqual([]);
    }, 60_000);

    async function restoreWhole() {
      stack.fill("broken");
      expect(await start(runtime).exited).toMatchObject({ exitCode: 0, stderr: "" });
      expect(seen()).toBe("old\nold\nold");
    }

    /** A restore that is ended, and everything that must hold afterwards. */
    async function trial(blow: Blow, end: Strike | ((running: Running) => Promise<unknown>)): Promise<Found> {
      for (const path of beside()) rmSync(path, { recursive: true });
      stack.fill("broken");
      const [present, ran, logBefore] = [trees(), containers(), log().length];
      const running = "turn" in end ? start(runtime, end) : start(runtime);
      if (!("turn" in end)) {
        await Promise.race([end(running), running.exited]);
        if (blow !== "power") running.kill(blow);
      }
      const ended = await running.exited;
      if (blow !== "power") await settle();
      const command = Math.random() < 0.5 ? "scripts/recover.ts" : "scripts/health-check.ts";
      const next = await stack.sandbox.run(runtime, command, ["--config", stack.job.config], {
        env: engine.environment,
      });
      await settle();
      const said = `${log().slice(logBefore)}${next.stderr}`;
      const now = trees();
      const isNew = differ(restored, now).length === 0;
      const context = { end, said, calls: striker.calls().slice(-3) };
      if (!isNew)
        expect({ ...context, differences: differ(present, now) }).toMatchObject({ differences: [] });
      expect({ ...context, containers: containers() }).toMatchObject({ containers: ran });
      await waitFor(() => stack.health() === "healthy", { what: `the stack to be well\n${said}` });
      const word = isNew ? "old" : "broken";
      expect({ ...context, seen: seen() }).toMatchObject({ seen: `${word}\n${word}\n${word}` });
      expect({ ...context, hidden: beside().filter((path) => !isOfBefore(path)) }).toMatchObject({
        hidden: [],
      });
      expect({ ...context, kept: beside().length }).toMatchObject({ kept: isNew ? kept : 0 });
      expect(existsSync(stack.job.journal)).toBe(false);
      expectTruth({ blow, ended, said, isNew });
      if (said.includes("stack.stopping") && !isNew)
        expect(said).toMatch(/Put back what was to be replaced|nothing was replaced/);
      return isNew ? "new" : "old";
    }

    const tell = (what: string, found: readonly Found[]) => {
      const isNew = found.filter((one) => one === "new").length;
      console.log(
        `${what} on ${runtime}: ${found.length} trials, 0 failures; ${found.length - isNew} times old, ${isNew} times new`,
      );
    };

    /** Before and after each program from the first that changes anything; fewer of those that only look. */
    function choose(blow: Blow): readonly Strike[] {
      const first = calls.findIndex((call) => call.startsWith("mkdir "));
      const all = calls.flatMap((call, index) =>
        (["before", "after"] as const).map((when) => ({ call, blow, when, turn: index + 1 })),
      );
      const whole = all.filter(({ turn }) => turn > first || turn % looks === 0);
      if (isWhole && (blow === "SIGKILL" || blow === "SIGTERM")) return whole;
      // The others are caught as SIGTERM is, or kill as SIGKILL does.
      const acts = all.filter(({ turn, call }) => turn > first && /^(mkdir|tar|sync|mv|docker)/.test(call));
      if (isWhole) return acts.filter(({ when }) => when === (blow === "power" ? "after" : "before"));
      const chosen = blows.indexOf(blow) * 5;
      return acts.filter((_, index) => index === chosen);
    }

    test.each(isWhole ? blows : sample[runtime].blows)(
      "%s at the programs that it calls leaves no mixture, and everything runs",
      async (blow) => {
        const found: Found[] = [];
        for (const strike of choose(blow)) found.push(await trial(blow, strike));
        tell(`${blow} before and after programs of ${calls.length}`, found);
      },
      isWhole ? 3_600_000 : 60_000,
    );

    test.each(isWhole ? (["SIGKILL", "SIGTERM"] as const) : sample[runtime].random)(
      `%s at ${moments} random moments leaves no mixture, and everything runs`,
      async (blow) => {
        const found: Found[] = [];
        for (let index = 0; index < moments; index += 1)
          found.push(await trial(blow, () => sleep(Math.random() * tookMs * 1.05)));
        tell(`${blow} at ${moments} random moments`, found);
      },
      isWhole ? 3_600_000 : 60_000,
    );

    test.each(isWhole ? (["SIGKILL"] as const) : sample[runtime].replaced)(
      "%s once it is replaced as a whole leaves it replaced",
      async (blow) => {
        const isReplaced = () =>
          existsSync(stack.job.journal) && readFileSync(stack.job.journal, "utf8").includes('"replaced"');
        const found: Found[] = [];
        for (let index = 0; index < (isWhole ? 10 : 1); index += 1)
          found.push(await trial(blow, () => waitFor(isReplaced, { what: "the swap", timeoutMs: 30_000 })));
        expect(new Set(found)).toEqual(new Set<Found>(["new"]));
        tell(`${blow} once it is replaced`, found);
      },
      isWhole ? 600_000 : 60_000,
    );

    test("what was to be done still can be, after all that", restoreWhole, 60_000);
  });
});
