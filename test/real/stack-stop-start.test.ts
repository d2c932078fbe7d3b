/** Stopping and starting what runs of a stack, on a real engine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Container } from "#lib/core/containers.ts";
import { judgeStack } from "#lib/core/stack-state.ts";
import { planStop } from "#lib/core/stop-plan.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import { stopStack } from "#lib/stacks/stop-stack.ts";
import { type DockerEngine, hasDocker, image, startDockerEngine } from "#test/support/docker-engine.ts";
import { connect, containersOf, recordOf, service, startAgain, statesOf } from "#test/support/stack.ts";

/** A database that others wait for, a job that is done, two replicas, one in the network of another, one paused, one stopped. */
const mixed = `
services:
  db: ${service}, healthcheck: {test: [CMD, "true"], interval: 300ms}}
  migrate: {image: "${image}", command: ["true"], depends_on: {db: {condition: service_healthy}}}
  web:
    image: ${image}
    init: true
    command: [sleep, infinity]
    deploy: {replicas: 2}
    restart: always
    depends_on: {migrate: {condition: service_completed_successfully}, db: {condition: service_healthy}}
  side: ${service}, network_mode: "service:web-net", restart: unless-stopped}
  web-net: ${service}, depends_on: [db]}
  held: ${service}}
  off: ${service}, restart: always}
  never: ${service}, profiles: [debug]}
  tool: ${service}, profiles: [tools]}
  kept: ${service}, labels: {lastgood.stop: "false"}}
`;

describe.skipIf(!hasDocker)("a stack in a mixed state, its directory's name with a space", () => {
  const project = "myshop";
  let engine: DockerEngine;
  let docker: Docker;
  let before: readonly Container[];
  let whileStopped: Readonly<Record<string, string>>;
  let after: readonly Container[];
  let result: Awaited<ReturnType<typeof startAgain>>;

  beforeAll(async () => {
    engine = await startDockerEngine();
    docker = connect(engine);
    const stack = engine.up("My shop", mixed);
    engine.docker("compose", "--project-directory", stack, "--profile", "tools", "up", "--detach", "tool");
    engine.docker("pause", `${project}-held-1`);
    engine.docker("stop", `${project}-off-1`);
    before = await containersOf(docker, project);
    const record = await recordOf(docker, project);
    // From here on compose can no longer read its file.
    writeFileSync(join(stack, "compose.yaml"), "services: [");
    await stopStack(docker, record);
    whileStopped = await statesOf(docker, project);
    result = await startAgain(docker, record);
    after = await containersOf(docker, project);
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());

  const startOf = (containers: readonly Container[], name: string) =>
    Date.parse(containers.find((container) => container.name === `${project}-${name}`)?.startedAt ?? "");

  test("stopStack() stops what ran, and nothing is left running but what is to stay", () => {
    expect(whileStopped).toEqual({
      ...{
        "db-1": "exited",
        "web-1": "exited",
        "web-2": "exited",
        "web-net-1": "exited",
        "side-1": "exited",
      },
      ...{
        "tool-1": "exited",
        "migrate-1": "exited",
        "off-1": "exited",
        "held-1": "paused",
        "kept-1": "running",
      },
    });
  });

  test("startStack() brings back the state from before, the same containers, without a compose file", () => {
    const facts = (containers: readonly Container[]) =>
      new Set(containers.map(({ id, name, state, health }) => `${id} ${name} ${state} ${health}`));
    expect(facts(after)).toEqual(facts(before));
    expect(result).toMatchObject({ isRunning: true, attempts: 1, problems: [] });
  });

  test("startStack() starts neither a job that is done, nor what was stopped or paused, nor what runs", () => {
    for (const name of ["migrate-1", "off-1", "held-1", "kept-1"]) {
      expect(startOf(after, name)).toBe(startOf(before, name));
    }
  });

  test("startStack() starts what others depend on first, and waits for its health", () => {
    expect(startOf(after, "web-1")).toBeGreaterThan(startOf(after, "db-1") + 250);
    expect(startOf(after, "web-2")).toBeGreaterThan(startOf(after, "db-1") + 250);
    expect(startOf(after, "side-1")).toBeGreaterThan(startOf(after, "web-net-1"));
  });

  test("planStop() says what runs on and what is paused", () => {
    const { notes } = planStop(before, "stop");
    expect(notes).toEqual([
      `Container "${project}-held-1" is paused and stays so`,
      `Container "${project}-kept-1" runs on: its label lastgood.stop=false says so`,
    ]);
    expect(judgeStack(before)).toBe("running");
  });

  test("stopStack() pauses, and startStack() resumes without a restart", async () => {
    const record = await recordOf(docker, project, "pause");
    const started = (await containersOf(docker, project)).map(({ startedAt }) => startedAt);
    await stopStack(docker, record);
    expect(await statesOf(docker, project)).toMatchObject({ "db-1": "paused", "web-2": "paused" });
    expect(await startAgain(docker, record)).toMatchObject({ isRunning: true, attempts: 1 });
    expect((await containersOf(docker, project)).map(({ startedAt }) => startedAt)).toEqual(started);
  });

  test("startStack() does nothing to a stack that was never stopped", async () => {
    const record = await recordOf(docker, project);
    const started = (await containersOf(docker, project)).map(({ startedAt }) => startedAt);
    expect(await startAgain(docker, record)).toMatchObject({ isRunning: true, attempts: 1, notes: [] });
    expect((await containersOf(docker, project)).map(({ startedAt }) => startedAt)).toEqual(started);
  });

  test("startStack() names what somebody else started before it", async () => {
    const record = await recordOf(docker, project);
    await stopStack(docker, record);
    engine.docker("start", `${project}-db-1`);
    expect(await startAgain(docker, record)).toMatchObject({
      isRunning: true,
      ranAlready: [`${project}-db-1`],
    });
  });

  test("startStack() starts at a boot what the engine left stopped, whatever its restart policy", async () => {
    const record = await recordOf(docker, project);
    await stopStack(docker, record);
    await engine.stop();
    await engine.start();
    expect(await startAgain(docker, record)).toMatchObject({ isRunning: true, problems: [] });
    expect(await statesOf(docker, project)).toMatchObject({ "web-1": "running", "side-1": "running" });
  });
});
