import { describe, expect, test } from "bun:test";
import type { Exec, ExecResult } from "#lib/core/deps.ts";
import { runTrial, type Trial } from "#lib/stacks/run-trial.ts";
import { createFakeDocker, fakeContainer } from "#test/support/fake-docker.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";

const project = "lastgood-drill-1-shop";

const trial: Trial = {
  project,
  directory: "/scratch/shop",
  file: "/scratch/model.json",
  expected: [{ name: "web", restartPolicy: "no", mustBeHealthy: true }],
  maxAttempts: 3,
  retryDelayMs: 5000,
  timeoutMs: 60_000,
};

const ended: ExecResult = {
  exitCode: 0,
  signal: undefined,
  stdout: "",
  stderr: "",
  timedOut: false,
  notFound: false,
};

/** `answers` are those of `docker compose up`, one after the other, the last for good. */
function createTrial(
  answers: readonly Partial<ExecResult>[],
  change: Parameters<typeof fakeContainer>[1] = {},
) {
  const clock = createVirtualClock();
  const name = `${project}-web-1`;
  const { docker } = createFakeDocker([
    fakeContainer(name, { project, service: "web", ...change }),
    fakeContainer("web", { service: "web", state: "exited", exitCode: 1 }),
  ]);
  const ups: string[] = [];
  const exec: Exec = async (command) => {
    const text = command.join(" ");
    if (text.includes(" up ")) {
      ups.push(text);
      return { ...ended, ...answers[Math.min(ups.length, answers.length) - 1] };
    }
    if (text.startsWith("docker logs")) return { ...ended, stdout: "one\n", stderr: "two\x1b[31m\n" };
    return { ...ended, stdout: '"first"\n"pa\\u0007ge is gone"\n' };
  };
  const abort = new AbortController();
  const access = { exec, clock, docker, signal: abort.signal };
  return { ups, abort, run: () => clock.run(runTrial(trial, access)) };
}

const dependency = {
  exitCode: 1,
  stderr: ` Container ${project}-init-1  Started\nservice "init" didn't complete successfully: exit 1\n`,
};

describe("runTrial()", () => {
  test("is content with a stack that stays up, looks at nothing that is not of the copy, and pulls nothing", async () => {
    const { ups, run } = createTrial([{}]);
    expect(await run()).toEqual({ problems: [], notes: [] });
    expect(ups).toEqual([
      `docker compose --project-name ${project} --project-directory /scratch/shop --file /scratch/model.json up --detach --no-build --pull never`,
    ]);
  });

  test("tries again as often as a restart does, and then says why", async () => {
    const once = createTrial([dependency, {}]);
    expect(await once.run()).toEqual({ problems: [], notes: [] });
    const never = createTrial([dependency]);
    expect((await never.run()).problems).toEqual([
      `Cannot start it: service "init" didn't complete successfully: exit 1`,
    ]);
    expect(never.ups).toHaveLength(3);
  });

  test("says when it was not up in time, with what is not well", async () => {
    const { ups, run } = createTrial([{ exitCode: null, timedOut: true }], { health: "starting" });
    expect((await run()).problems).toEqual([
      "It was not up after 1m 00s",
      '"web-1" wrote: one',
      '"web-1" wrote: two [31m',
      'Healthcheck of "web-1": pa ge is gone',
    ]);
    expect(ups).toHaveLength(1);
  });

  test("goes on with nothing when it is to end", async () => {
    const { ups, abort, run } = createTrial([dependency]);
    const running = run();
    abort.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect(ups).toHaveLength(1);
  });
});
