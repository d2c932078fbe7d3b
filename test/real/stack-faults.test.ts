/** What can have happened to a stack by the time at which it is started again, on a real engine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Docker } from "#lib/stacks/docker.ts";
import { stopStack } from "#lib/stacks/stop-stack.ts";
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

const freePort = 20_000 + Math.floor(Math.random() * 10_000);
const otherPort = freePort - 10_000;

/** Runs as long as the file "ok" lies beside its compose file. */
const moody = `{image: "${image}", init: true, command: [sh, -c, "test -e /d/ok && exec sleep infinity; exit 3"], volumes: [".:/d"]`;
const healthcheck =
  'healthcheck: {test: [CMD, test, -e, /d/ok], interval: 200ms, retries: 2}, volumes: [".:/d"]';

const stacks = {
  anew: `services:\n  a: ${service}, scale: 2}\n  b: ${service}}\n`,
  gone: `services:\n  a: ${service}, scale: 2}\n  b: ${service}}\n`,
  net: `services:\n  vpn: ${service}}\n  app: ${service}, network_mode: "service:vpn"}\n`,
  held: `services:\n  vpn: ${service}, ports: ["127.0.0.1:${otherPort}:80"]}\n  app: ${service}, network_mode: "service:vpn"}\n`,
  pruned: `
services:
  far: ${service}, networks: [other], labels: {lastgood.stop: "false"}}
  job: {image: "${image}", command: ["true"], networks: [other]}
  db: ${service}, volumes: [/data]}
  web: ${service}, scale: 2, networks: [default, other], depends_on: [db, far, job]}
networks: {other: }
`,
  noimage: `services:\n  a: ${service.replace(":local", ":gone")}}\n`,
  untagged: `services:\n  a: ${service.replace(":local", ":untagged")}}\n`,
  sick: `services:\n  a: ${service}, ${healthcheck}}\n  b: ${service}, depends_on: {a: {condition: service_healthy}}}\n`,
  ailing: `services:\n  a: ${service}, healthcheck: {test: [CMD, "false"], interval: 100ms, retries: 1}}\n`,
  looping: `services:\n  app: {image: "${image}", command: ["false"], restart: always}\n  b: ${service}}\n`,
  flap: `services:\n  app: ${moody}, restart: always}\n`,
  retry: `services:\n  app: ${moody}}\n`,
  dead: `services:\n  app: ${moody}}\n`,
  port: `services:\n  a: ${service}, ports: ["127.0.0.1:${freePort}:80"]}\n  b: ${service}}\n`,
  deaf: `services:\n  a: {image: "${image}", command: [sleep, infinity], stop_grace_period: 1s}\n`,
};

let engine: DockerEngine;
let docker: Docker;

async function stopped(project: keyof typeof stacks) {
  const record = await recordOf(docker, project);
  await stopStack(docker, record);
  return record;
}

function compose(project: keyof typeof stacks, ...args: readonly string[]): void {
  engine.docker("compose", "--project-directory", join(engine.directory, project), ...args);
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}

beforeAll(async () => {
  if (!hasDocker) return;
  engine = await startDockerEngine();
  docker = connect(engine);
  for (const tag of ["gone", "untagged"]) engine.docker("tag", image, `lastgood-test:${tag}`);
  await upTogether(engine, stacks);
});
afterAll(() => engine?.[Symbol.asyncDispose]());

describe.skipIf(!hasDocker).concurrent("startStack()", () => {
  test("starts the successors of containers that were made anew, and only those of what ran", async () => {
    engine.docker("stop", "--time", "0", "anew-b-1");
    const record = await stopped("anew");
    compose("anew", "create", "--force-recreate");
    expect(await startAgain(docker, record)).toMatchObject({ isRunning: true, attempts: 1 });
    expect(await statesOf(docker, "anew")).toEqual({ "a-1": "running", "a-2": "running", "b-1": "created" });
    const ids = new Set(record.containers.map(({ id }) => id));
    expect((await containersOf(docker, "anew")).some(({ id }) => ids.has(id))).toBe(false);
  });

  test("makes anew what was removed, and nothing else of the stack", async () => {
    engine.docker("stop", "--time", "0", "gone-b-1");
    const record = await stopped("gone");
    compose("gone", "rm", "--force");
    expect(await startAgain(docker, record)).toMatchObject({ isRunning: true, attempts: 1 });
    expect(await statesOf(docker, "gone")).toEqual({ "a-1": "running", "a-2": "running" });
  });

  test("brings back a container whose network's owner was made anew", async () => {
    const record = await stopped("net");
    compose("net", "up", "--no-start", "--no-deps", "--force-recreate", "vpn");
    expect(await startAgain(docker, record)).toMatchObject({ isRunning: true, attempts: 1 });
    expect(await statesOf(docker, "net")).toEqual({ "vpn-1": "running", "app-1": "running" });
  });

  test("keeps a container whose network's owner does not start, with what it wrote", async () => {
    const record = await stopped("held");
    const server = await listen(otherPort);
    const result = await startAgain(docker, record, { maxAttempts: 1 });
    await new Promise((resolve) => server.close(resolve));
    expect(result.isRunning).toBe(false);
    expect(result.problems.join("\n")).toContain("cannot join network of a non running container");
    const now = await containersOf(docker, "held");
    expect(new Set(now.map(({ id }) => id))).toEqual(new Set(record.containers.map(({ id }) => id)));
    expect(await startAgain(docker, record)).toMatchObject({ isRunning: true });
  });

  test("makes anew what has lost its network to docker network prune, volumes kept, running neighbours untouched", async () => {
    engine.docker("stop", "--time", "0", "pruned-web-2");
    const [far] = (await containersOf(docker, "pruned")).filter(({ service: name }) => name === "far");
    const record = await stopped("pruned");
    const volumesOf = async () =>
      new Set(
        (await containersOf(docker, "pruned")).flatMap(({ mounts }) => mounts.map(({ source }) => source)),
      );
    const volumes = await volumesOf();
    engine.docker("network", "rm", "pruned_default");
    expect(await startAgain(docker, record)).toMatchObject({ isRunning: true, attempts: 1 });
    expect(await statesOf(docker, "pruned")).toEqual({
      ...{ "db-1": "running", "web-1": "running", "web-2": "created", "far-1": "running", "job-1": "exited" },
    });
    expect(await volumesOf()).toEqual(volumes);
    const containers = await containersOf(docker, "pruned");
    expect(containers.find(({ service: name }) => name === "far")?.startedAt).toBe(far?.startedAt ?? "");
    expect(containers.find(({ name }) => name === "pruned-web-1")?.dependsOn).toHaveLength(3);
  });

  test("says which image is missing when a container and its image are gone, and what to type", async () => {
    const record = await stopped("noimage");
    compose("noimage", "rm", "--force");
    engine.docker("rmi", "lastgood-test:gone");
    const result = await startAgain(docker, record, { maxAttempts: 1 });
    expect(result.isRunning).toBe(false);
    expect(result.manualCommand).toMatch(
      /^docker compose --project-name noimage .* up --detach --no-recreate a$/,
    );
    expect(result.problems).toEqual([
      expect.stringMatching(/^Container "noimage-a-1" is gone \(.*No such image: lastgood-test:gone/),
    ]);
  });

  test("starts a container whose image is gone", async () => {
    const record = await stopped("untagged");
    engine.docker("rmi", "lastgood-test:untagged");
    expect(await startAgain(docker, record)).toMatchObject({ isRunning: true });
  });

  test("says that what was healthy is not, without starting it again and again, and starts what depends on it", async () => {
    const record = await stopped("sick");
    rmSync(join(engine.directory, "sick/ok"));
    expect(await startAgain(docker, record, { healthTimeoutMs: 1500 })).toMatchObject({
      isRunning: false,
      attempts: 1,
      problems: ['Container "sick-a-1" runs, but its healthcheck says: unhealthy'],
      manualCommand: "docker restart sick-a-1",
    });
    expect(await statesOf(docker, "sick")).toEqual({ "a-1": "running", "b-1": "running" });
  });

  test("does not ask for the health of what was not healthy before", async () => {
    const isUnhealthy = async () => (await containersOf(docker, "ailing"))[0]?.health === "unhealthy";
    await waitFor(isUnhealthy, { what: "the healthcheck to fail" });
    expect(await startAgain(docker, await stopped("ailing"))).toMatchObject({ isRunning: true });
  });

  test("sees that a container is started by docker again and again", async () => {
    const record = await stopped("flap");
    rmSync(join(engine.directory, "flap/ok"));
    const result = await startAgain(docker, record);
    expect(result).toMatchObject({ isRunning: false, attempts: 3 });
    expect(result.problems).toEqual([
      expect.stringMatching(
        /^Container "flap-app-1" ends again and again: docker started it again .*(once|times)/,
      ),
    ]);
  });

  test("only notes that a container ends again and again which did so before", async () => {
    const isLooping = async () =>
      (await containersOf(docker, "looping")).some(({ restartCount }) => restartCount > 0);
    await waitFor(isLooping, { timeoutMs: 30_000, what: "the container to be restarted" });
    const record = await recordOf(docker, "looping");
    await stopStack(docker, record);
    expect(await statesOf(docker, "looping")).toEqual({ "app-1": "exited", "b-1": "exited" });
    const result = await startAgain(docker, record);
    expect(result).toMatchObject({ isRunning: true, attempts: 1, problems: [] });
    expect(result.notes).toEqual([
      expect.stringMatching(/^Container "looping-app-1" ends again .* as it did before$/),
    ]);
  });

  test("tries again what ended, until it stays", async () => {
    const record = await stopped("retry");
    rmSync(join(engine.directory, "retry/ok"));
    const told: unknown[] = [];
    const result = await startAgain(docker, record, {
      onRetry: (attempt, problems) => {
        told.push(attempt, ...problems);
        writeFileSync(join(engine.directory, "retry/ok"), "");
      },
    });
    expect(result).toMatchObject({ isRunning: true, attempts: 2, problems: [] });
    expect(told).toEqual([2, 'Container "retry-app-1" does not run: it is exited with exit code 3']);
  });

  test("gives up after the last attempt, with the command for a person", async () => {
    const record = await stopped("dead");
    rmSync(join(engine.directory, "dead/ok"));
    expect(await startAgain(docker, record)).toEqual({
      isRunning: false,
      attempts: 3,
      problems: ['Container "dead-app-1" does not run: it is exited with exit code 3'],
      notes: [],
      ranAlready: [],
      manualCommand: "docker start dead-app-1",
    });
  });

  test("says that its port was taken in the meantime, starts the rest, and goes on when it is free", async () => {
    const record = await stopped("port");
    const thief = await listen(freePort);
    const told: string[] = [];
    let others: Promise<Readonly<Record<string, string>>> | undefined;
    const result = await startAgain(docker, record, {
      onRetry: (_attempt, problems) => {
        told.push(...problems);
        others = statesOf(docker, "port");
        thief.close();
      },
    });
    expect(result).toMatchObject({ isRunning: true, attempts: 2 });
    expect(told).toEqual([expect.stringContaining("address already in use")]);
    expect(await others).toMatchObject({ "b-1": "running" });
  });

  test("starts what had to be killed because it ignored TERM for as long as its service allows", async () => {
    const record = await stopped("deaf");
    expect(record.containers.map(({ stopTimeoutMs }) => stopTimeoutMs)).toEqual([1000]);
    expect((await containersOf(docker, "deaf")).map(({ exitCode }) => exitCode)).toEqual([137]);
    expect(await startAgain(docker, record)).toMatchObject({ isRunning: true });
  });
});
