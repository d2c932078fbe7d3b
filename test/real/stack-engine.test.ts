/** Engines that do not answer, refuse, or are restarted while a stack is stopped; taking stacks down. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DockerError } from "#lib/core/docker-error.ts";
import type { StackRecord } from "#lib/core/stack-record.ts";
import { chooseMethod } from "#lib/stacks/choose-method.ts";
import { createDocker, type Docker } from "#lib/stacks/docker.ts";
import { stopStack } from "#lib/stacks/stop-stack.ts";
import { createExec } from "#lib/tools/exec.ts";
import { type DockerEngine, hasDocker, image, startDockerEngine } from "#test/support/docker-engine.ts";
import {
  connect,
  containersOf,
  recordOf,
  service,
  startAgain,
  statesOf,
  upTogether,
} from "#test/support/stack.ts";
import { waitFor } from "#test/support/wait-for.ts";

const stacks = {
  plain: `services:\n  db: ${service}}\n  web: ${service}, restart: always, depends_on: [db]}\n`,
  pair: `services:\n  db: ${service}}\n  job: {image: "${image}", command: ["true"]}\n  web: ${service}, scale: 2, depends_on: [db, job]}\n`,
  held: `services:\n  a: ${service}}\n  b: ${service}, labels: {lastgood.stop: "false"}}\n`,
  loose: `services:\n  a: ${service}, volumes: [/data]}\n`,
  edited: `services:\n  a: ${service}}\n`,
  broken: `services:\n  a: ${service}}\n`,
  imageless: `services:\n  a: ${service.replace(":local", ":removed")}}\n`,
};

let engine: DockerEngine;
let docker: Docker;

beforeAll(async () => {
  if (!hasDocker) return;
  engine = await startDockerEngine();
  docker = connect(engine);
  engine.docker("tag", image, "lastgood-test:removed");
  await upTogether(engine, stacks);
});
afterAll(() => engine?.[Symbol.asyncDispose]());

async function troubleOf(promise: Promise<unknown>): Promise<DockerError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DockerError)) throw new Error(`No DockerError: ${error}`);
  return error;
}

/** What is made of a wish to take a stack down. */
async function choose(project: keyof typeof stacks) {
  const record = await recordOf(docker, project, "down");
  const { record: chosen, notes } = await chooseMethod(docker, record, await containersOf(docker, project));
  return { how: chosen.how, notes, record: chosen };
}

describe.skipIf(!hasDocker)("chooseMethod()", () => {
  test("keeps down where compose would make the same containers, which it does, with as many replicas as ran", async () => {
    engine.docker("stop", "--time", "0", "pair-web-2");
    const { how, record } = await choose("pair");
    expect(how).toBe("down");
    await stopStack(docker, record);
    expect(await statesOf(docker, "pair")).toEqual({});
    expect(await startAgain(docker, record)).toMatchObject({ isRunning: true, attempts: 1 });
    // What it depends on is there again, but a job that was done is not done again.
    expect(await statesOf(docker, "pair")).toEqual({
      "db-1": "running",
      "web-1": "running",
      "job-1": "created",
    });
    expect(
      (await containersOf(docker, "pair")).find(({ service: name }) => name === "web")?.dependsOn,
    ).toHaveLength(2);
  });

  test.each([
    ["held", 'container "held-b-1" is not to be stopped'],
    ["loose", 'container "loose-a-1" has a volume without a name, which it would lose'],
    ["edited", 'its compose file or its image is not what container "edited-a-1" was made from'],
    ["broken", "yaml: "],
    ["imageless", 'its compose file or its image is not what container "imageless-a-1" was made from'],
  ] as const)("stops %s instead: %s", async (project, reason) => {
    const file = join(engine.directory, project, "compose.yaml");
    if (project === "edited") writeFileSync(file, stacks.edited.replace("infinity", "3d"));
    if (project === "broken") writeFileSync(file, "services: [");
    if (project === "imageless") engine.docker("rmi", "--force", "lastgood-test:removed");
    const { how, notes } = await choose(project);
    expect(how).toBe("stop");
    expect(notes).toEqual([expect.stringContaining(reason)]);
    expect(notes[0]).toStartWith(`Stack "${project}" is stopped instead of taken down: `);
  });
});

describe.skipIf(!hasDocker)("an engine", () => {
  test("that may not be asked is told from one that is down, and nobody waits for it", async () => {
    const bin = join(engine.directory, "bin");
    mkdirSync(bin);
    writeFileSync(
      join(bin, "docker"),
      '#!/bin/sh\nexec setpriv --reuid=65534 --clear-groups "$REAL_DOCKER" "$@"\n',
    );
    chmodSync(join(bin, "docker"), 0o755);
    const environment = {
      ...engine.environment,
      PATH: `${bin}:${engine.environment["PATH"]}`,
      REAL_DOCKER: Bun.which("docker") ?? "",
    };
    const denied = createDocker({ exec: createExec(environment) });
    const error = await troubleOf(denied.readContainers());
    expect(error.trouble).toBe("denied");
    expect(error.message).toStartWith("Cannot list containers: permission denied while trying to connect");
    const result = await startAgain(denied, await recordOf(docker, "plain"), {
      maxAttempts: 1,
      engineTimeoutMs: 600_000,
    });
    expect(result.problems).toEqual([expect.stringContaining("permission denied")]);
  });

  test("without the compose plugin still stops and starts stacks", async () => {
    const plain = createDocker({
      exec: createExec({ ...engine.environment, DOCKER_CONFIG: "/nonexistent" }),
    });
    const record = await recordOf(plain, "plain");
    await stopStack(plain, record);
    expect(await startAgain(plain, record)).toMatchObject({ isRunning: true, attempts: 1 });
    const error = await troubleOf(
      plain.readConfig({ directory: "/", configFiles: [], environmentFiles: [] }),
    );
    expect(error.trouble).toBe("no-compose");
  });

  test("that is not installed is no engine that is down", async () => {
    const error = await troubleOf(
      createDocker({ exec: createExec({ PATH: engine.directory }) }).readContainers(),
    );
    expect([error.trouble, error.message]).toEqual([
      "not-installed",
      "Cannot list containers: docker is not installed",
    ]);
  });

  test("that is restarted while a stack is stopped, and comes back only after a while, is waited for", async () => {
    const record = await recordOf(docker, "plain");
    await stopStack(docker, record);
    await engine.stop();
    const error = await troubleOf(docker.readContainers());
    expect([error.trouble, error.hint]).toEqual(["unreachable", "systemctl status docker"]);
    const starting = startAgain(docker, record, { engineTimeoutMs: 60_000 });
    await engine.start();
    // An engine starts by itself what is to run always, also while its data are read.
    expect(await starting).toMatchObject({ isRunning: true, problems: [], ranAlready: ["plain-web-1"] });
  });

  test("that is restarted between the start and its confirmation is seen, and what it left stopped is started", async () => {
    const record: StackRecord = await recordOf(docker, "plain");
    await stopStack(docker, record);
    const starting = startAgain(docker, record, { settleMs: 1500, engineTimeoutMs: 60_000 });
    const isUp = async () => (await statesOf(docker, "plain"))["web-1"] === "running";
    await waitFor(isUp, { what: "the stack to be started" });
    await engine.stop();
    await engine.start();
    expect(await starting).toMatchObject({ isRunning: true, problems: [] });
    expect(await statesOf(docker, "plain")).toEqual({ "db-1": "running", "web-1": "running" });
  });

  test("that never comes back leaves a problem in docker's words", async () => {
    const record = await recordOf(docker, "plain");
    await engine.stop();
    const result = await startAgain(docker, record, { maxAttempts: 1, engineTimeoutMs: 100 });
    await engine.start();
    expect(result).toMatchObject({ isRunning: false, attempts: 1 });
    expect(result.problems).toEqual([expect.stringContaining("Cannot connect to the Docker daemon")]);
  });
});
