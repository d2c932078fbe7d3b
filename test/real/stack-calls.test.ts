/** How often a run over several stacks calls docker: each call is a process, and there may be a hundred stacks. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type DockerEngine, hasDocker, startDockerEngine } from "#test/support/docker-engine.ts";
import { createJob } from "#test/support/job.ts";
import { createSandbox } from "#test/support/sandbox.ts";
import { service, upTogether } from "#test/support/stack.ts";

const names = ["one", "two", "three", "four"];

describe.skipIf(!hasDocker)("A run over several stacks", () => {
  let engine: DockerEngine;
  beforeAll(async () => {
    engine = await startDockerEngine();
    const compose = `services: {app: ${service}, network_mode: none, volumes: ["./data:/data"]}}`;
    await upTogether(engine, Object.fromEntries(names.map((name) => [name, compose])));
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());

  test("reads each compose file once, stops and starts once, and asks for no version twice", async () => {
    await using sandbox = await createSandbox();
    const calls = sandbox.path("calls");
    await sandbox.fake("docker", `#!/bin/sh\necho "$*" >>${calls}\nexec ${Bun.which("docker")} "$@"\n`);
    const job = await createJob(sandbox, { APP_DIR: undefined, STACKS_DIR: engine.directory });
    const { DOCKER_HOST = "", DOCKER_CONFIG = "" } = engine.environment;
    const ended = await sandbox.run("bun", "scripts/backup-run.ts", ["--config", job.config, "-q"], {
      env: { DOCKER_HOST, DOCKER_CONFIG },
    });
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    const made = readFileSync(calls, "utf8").trim().split("\n");
    const count = (pattern: RegExp) => made.filter((call) => pattern.test(call)).length;
    for (const name of names)
      expect([name, count(new RegExp(`^compose .*/${name}/.* config `))]).toEqual([name, 1]);
    expect({
      compose: count(/^compose /),
      stop: count(/^stop /),
      start: count(/^start /),
      version: count(/^--version$/),
    }).toEqual({ compose: names.length, stop: names.length, start: names.length, version: 1 });
    // Read, about to be stopped, stopped, about to be started, started, settled; and twice for all together.
    expect(count(/^inspect /)).toBeLessThanOrEqual(6 * names.length + 2);
  }, 60_000);
});
