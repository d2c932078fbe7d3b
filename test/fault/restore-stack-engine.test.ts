/** The engine dies while a stack is restored in its place: its data are all old or all new, and once there is an engine it runs. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { type DockerEngine, hasDocker, startDockerEngine } from "#test/support/docker-engine.ts";
import { type Running, type Runtime, runtimes } from "#test/support/sandbox.ts";
import {
  allBroken,
  allOld,
  createRestorableStack,
  type RestorableStack,
} from "#test/support/stack-restore.ts";
import { createStriker, type Strike, type Striker } from "#test/support/striker.ts";
import { waitFor } from "#test/support/wait-for.ts";

const isWhole = process.env.LASTGOOD_FAULT === "whole";

/** What the restore has just called when the engine dies, and how it dies. */
const moments = [
  ["docker stop", "kill"],
  ["mv", "kill"],
  ["mv", "stop"],
  ["docker start", "kill"],
  ["docker start", "stop"],
] as const;

describe.skipIf(!hasDocker)("restore of a stack in place whose engine dies", () => {
  let engine: DockerEngine;
  let stack: RestorableStack;
  let striker: Striker;

  beforeAll(async () => {
    engine = await startDockerEngine();
    stack = await createRestorableStack(engine);
    striker = createStriker(stack.sandbox.path("striker"));
  }, 60_000);
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  const beside = () =>
    [dirname(stack.appdata), stack.directory, dirname(stack.volume())].flatMap((path) =>
      readdirSync(path)
        .filter((name) => name.startsWith(".lastgood-") || name.includes(".before-"))
        .map((name) => join(path, name)),
    );

  /** Until it has called a program. */
  const untilCalled = (program: string) =>
    waitFor(() => striker.calls().some((call) => call.startsWith(`${program} `)), {
      what: `${program} to be called`,
      timeoutMs: 30_000,
    });

  function start(runtime: Runtime, strike?: Strike): Running {
    for (const path of beside()) rmSync(path, { recursive: true });
    stack.fill("broken");
    striker.arm(strike);
    const env = { ...engine.environment, PATH: striker.path };
    const running = stack.sandbox.start(runtime, "scripts/restore.ts", stack.args(), { env });
    striker.watch(running.pid);
    return running;
  }

  const recover = (runtime: Runtime) =>
    stack.sandbox.run(runtime, "scripts/recover.ts", ["--config", stack.job.config], {
      env: engine.environment,
    });

  function expectPutBack() {
    expect(stack.contents()).toEqual(allBroken);
    expect([stack.states(), beside(), existsSync(stack.job.journal)]).toEqual(["running running", [], false]);
  }

  describe.each(runtimes)("on %s", (runtime) => {
    test.each(isWhole ? moments : runtime === "bun" ? [] : moments.slice(3, 4))(
      "after %s, by %s, and comes back: no mixture, and it runs",
      async (program, how) => {
        const running = start(runtime);
        await untilCalled(program);
        await engine[how]();
        await engine.start();
        const ended = await running.exited;
        if (ended.exitCode === 0) {
          expect(stack.contents()).toEqual(allOld);
          expect([stack.states(), existsSync(stack.job.journal)]).toEqual(["running running", false]);
        } else {
          expect(ended).toMatchObject({ exitCode: 2 });
          expect(ended.stderr).toMatch(/nothing was replaced|Put back what was to be replaced/);
          expectPutBack();
        }
      },
      120_000,
    );

    test.each(isWhole || runtime === "bun" ? ["machine"] : [])(
      "with the whole %s: the next boot puts all of it back, and starts it",
      async () => {
        const whole = start(runtime);
        expect(await whole.exited).toMatchObject({ exitCode: 0 });
        const moves = striker.calls().flatMap((call, index) => (call.startsWith("mv ") ? index + 1 : []));
        const running = start(runtime, { blow: "power", turn: moves[3] ?? 0, when: "after" });
        expect(await running.exited).toMatchObject({ signal: "SIGKILL" });
        await engine.kill();
        await engine.start();
        // Half of it has been replaced.
        for (const all of [allOld, allBroken]) expect(stack.contents()).not.toEqual(all);
        const recovered = await recover(runtime);
        expect(recovered).toMatchObject({ exitCode: 0 });
        expect(recovered.stderr).toContain("Put back what was to be replaced");
        expectPutBack();
      },
      120_000,
    );

    // The engine is waited for twice, two minutes each: to start the stack, and to put it back.
    test.each(isWhole ? ["mv"] : [])(
      "after %s, and stays away: the run says what is down, and recover brings it back",
      async (program) => {
        const running = start(runtime);
        await untilCalled(program);
        await engine.kill();
        const ended = await running.exited;
        expect(ended).toMatchObject({ exitCode: 2 });
        expect(ended.stderr).toContain("Cannot connect to the Docker daemon");
        expect(existsSync(stack.job.journal)).toBe(true);
        await engine.start();
        const recovered = await recover(runtime);
        expect(recovered).toMatchObject({ exitCode: 0 });
        expectPutBack();
      },
      600_000,
    );
  });
});
