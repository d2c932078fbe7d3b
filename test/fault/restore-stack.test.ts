/** Whatever ends the restore of a stack in place, at whatever step: its data are all old or all new, and it runs. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { type DockerEngine, hasDocker, startDockerEngine } from "#test/support/docker-engine.ts";
import { runtimes } from "#test/support/sandbox.ts";
import {
  allBroken,
  allOld,
  createRestorableStack,
  type RestorableStack,
} from "#test/support/stack-restore.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/restore.ts";
const isWhole = process.env.LASTGOOD_FAULT === "whole";

/** Two renames for each of four paths; what docker is told in between. */
const steps = [
  ...Array.from({ length: 8 }, (_, index) => ["mv", "", index + 1] as const),
  ["docker", "stop", 1],
  ["docker", "start", 1],
  ["docker", "start", 2],
] as const;
const cases = (["SIGKILL", "SIGTERM"] as const).flatMap((signal) =>
  steps.flatMap((step) => (["before", "after"] as const).map((when) => [signal, when, ...step] as const)),
);
/** Of two runtimes, others each. */
const sample = { bun: [6, 14, 19], deno: [5, 27] };

/** The nth call of a program with that first word sends its parent a signal, before or after it does its work. */
function striking(
  program: string,
  word: string,
  turn: number,
  when: string,
  signal: string,
  counter: string,
) {
  const strike = `kill -${signal.slice(3)} "$PPID"; [ ${signal} = SIGKILL ] && sleep 1`;
  return [
    "#!/bin/bash",
    `case "$1" in ${word === "" ? "*" : word}) echo x >>'${counter}'; n=$(wc -l <'${counter}');; *) n=0;; esac`,
    `if [ "$n" = ${turn} ] && [ ${when} = before ]; then ${strike}; fi`,
    `/usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin ${program} "$@"; s=$?`,
    `if [ "$n" = ${turn} ] && [ ${when} = after ]; then ${strike}; fi`,
    "exit $s",
  ].join("\n");
}

describe.skipIf(!hasDocker)("restore of a stack in place", () => {
  let engine: DockerEngine;
  let stack: RestorableStack;
  beforeAll(async () => {
    engine = await startDockerEngine();
    stack = await createRestorableStack(engine);
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

  describe.each(runtimes)("on %s", (runtime) => {
    const chosen = isWhole ? cases : cases.filter((_, index) => sample[runtime].includes(index));
    test.each(chosen)(
      "%s %s %s %s (%i) leaves no mixture, and everything runs",
      async (signal, when, program, word, turn) => {
        const { sandbox, job } = stack;
        stack.fill("broken");
        const counter = sandbox.path("turns");
        rmSync(counter, { force: true });
        const fake = await sandbox.fake(program, striking(program, word, turn, when, signal, counter));
        const env = { ...engine.environment, PATH: `${sandbox.bin}:${engine.environment["PATH"]}` };
        const ended = await sandbox.run(runtime, script, stack.args(), { env });
        await waitFor(() => !existsSync(job.journal), { what: "the recovery", timeoutMs: 30_000 });
        rmSync(fake);
        if (signal === "SIGTERM") expect(ended.exitCode).toBe(143);
        else expect(ended.signal).toBe("SIGKILL");
        // Until it runs and is well, everything goes back.
        expect(stack.contents()).toEqual(allBroken);
        expect([stack.states(), beside()]).toEqual(["running running", []]);
        expect(readFileSync(job.logFile, "utf8")).toMatch(
          signal === "SIGKILL" ? /died without an ending/ : /Stopped by SIGTERM/,
        );
      },
      60_000,
    );

    test("and the next attempt restores it", async () => {
      const ended = await stack.sandbox.run(runtime, script, stack.args(), { env: engine.environment });
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
      expect(stack.contents()).toEqual(allOld);
      for (const path of beside()) rmSync(path, { recursive: true });
    }, 60_000);
  });
});
