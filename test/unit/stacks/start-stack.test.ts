import { describe, expect, test } from "bun:test";
import { DockerError } from "#lib/core/docker-error.ts";
import type { StackRecord } from "#lib/core/stack-record.ts";
import { defaultStartOptions, type StartOptions, startStack } from "#lib/stacks/start-stack.ts";
import { createFakeDocker, dockerRefuses, fakeContainer, stoppedStack } from "#test/support/fake-docker.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";

const { record } = stoppedStack(["db", "web"]);

/** The web waits for the database, which was healthy. */
const chain: StackRecord = {
  ...record,
  containers: record.containers.map((one) =>
    one.name === "db"
      ? { ...one, wasHealthy: true }
      : { ...one, dependsOn: [{ service: "db", condition: "service_healthy" }] },
  ),
};

function prepare(change: Parameters<typeof fakeContainer>[1] = {}) {
  const fake = createFakeDocker(
    ["db", "web"].map((name) => fakeContainer(name, { state: "exited", ...change })),
  );
  const clock = createVirtualClock();
  const start = async (stack: StackRecord, options: Partial<StartOptions> = {}, signal?: AbortSignal) => {
    const all = { ...defaultStartOptions, ...options };
    const started = await clock.run(startStack({ docker: fake.docker, clock, signal }, stack, all));
    const startedMs = clock.monotonicMs();
    return { startedMs, result: await clock.run(started.confirm()) };
  };
  return { ...fake, clock, start };
}

describe("startStack()", () => {
  test("starts what was stopped, lets it settle, and is content", async () => {
    const { start, calls, clock } = prepare();
    const { startedMs, result } = await start(record);
    expect(calls).toEqual(["start db", "start web"]);
    expect(result).toEqual({
      isRunning: true,
      attempts: 1,
      problems: [],
      notes: [],
      ranAlready: [],
      manualCommand: "docker start db web",
    });
    expect([startedMs, clock.monotonicMs()]).toEqual([0, 2000]);
  });

  test("waits with what depends on health until it is there", async () => {
    const { start, calls, set, clock } = prepare({ health: "starting" });
    void clock.sleep(7000).then(() => set("db", { health: "healthy" }));
    const { startedMs, result } = await start(chain);
    expect(calls).toEqual(["start db", "start web"]);
    expect(startedMs).toBe(7000);
    expect(result.isRunning).toBe(true);
  });

  test("starts it all the same when the health does not come, and says so at the end", async () => {
    const { start, calls, clock } = prepare({ health: "starting" });
    const { startedMs, result } = await start(chain, { healthTimeoutMs: 30_000 });
    expect(calls).toEqual(["start db", "start web"]);
    expect(startedMs).toBe(30_000);
    expect(clock.monotonicMs()).toBe(62_000);
    expect(result).toMatchObject({
      isRunning: false,
      attempts: 1,
      problems: ['Container "db" runs, but its healthcheck says: starting'],
    });
  });

  test("does not wait for a dependency that is already known to be unhealthy", async () => {
    const { start } = prepare({ health: "unhealthy" });
    const { startedMs } = await start(chain, { healthTimeoutMs: 30_000 });
    expect(startedMs).toBe(0);
  });

  test("does not wait for a dependency that was not healthy before", async () => {
    const { start } = prepare({ health: "starting" });
    const before = { ...chain, containers: chain.containers.map((one) => ({ ...one, wasHealthy: false })) };
    const { startedMs, result } = await start(before, { healthTimeoutMs: 30_000 });
    expect([startedMs, result.isRunning]).toEqual([0, true]);
  });

  test("starts every other container when one cannot be started, and tries that one again", async () => {
    const fake = prepare();
    const { start: real } = fake.docker;
    let refusals = 2;
    fake.break({
      start: async (target) => {
        if (target.name === "db" && refusals > 0) {
          refusals -= 1;
          throw dockerRefuses(`start "${target.name}"`, "port-taken");
        }
        await real(target);
      },
    });
    const told: unknown[] = [];
    const { result } = await fake.start(record, {
      onRetry: (attempt, problems) => told.push(attempt, ...problems),
    });
    const problem =
      'Container "db" does not run: it is exited with exit code 0 (Cannot start "db": the engine says no)';
    expect(told).toEqual([2, problem, 3, problem]);
    expect(fake.calls).toEqual(["start web", "start db"]);
    expect(result).toMatchObject({ isRunning: true, attempts: 3 });
    // Three times to settle, two pauses in between.
    expect(fake.clock.monotonicMs()).toBe(3 * 2000 + 2 * 5000);
  });

  test("waits for an engine that does not answer yet, and not for one that refuses", async () => {
    const waiting = prepare();
    const { inspectContainers } = waiting.docker;
    waiting.break({
      inspectContainers: async (ids) => {
        if (waiting.clock.monotonicMs() < 45_000) throw dockerRefuses("ask the engine", "unreachable");
        return inspectContainers(ids);
      },
    });
    expect((await waiting.start(record)).result).toMatchObject({ isRunning: true, attempts: 1 });
    const refusing = prepare();
    refusing.break({ inspectContainers: () => Promise.reject(dockerRefuses("ask the engine", "denied")) });
    const { startedMs, result } = await refusing.start(record);
    expect(startedMs).toBe(0);
    expect(result).toMatchObject({
      isRunning: false,
      problems: ["Cannot ask the engine: the engine says no"],
    });
    expect(refusing.calls).toEqual([]);
  });

  test("gives an engine that never answers its time at each attempt, then ends", async () => {
    const { start, clock, break: breakDocker } = prepare();
    breakDocker({ inspectContainers: () => Promise.reject(dockerRefuses("ask the engine", "timeout")) });
    const { result } = await start(record, { engineTimeoutMs: 60_000 });
    expect(result).toMatchObject({ isRunning: false, attempts: 3 });
    expect(clock.monotonicMs()).toBe(3 * 60_000 + 2 * 5000);
  });

  test("sees an engine that goes away while it confirms", async () => {
    const fake = prepare();
    const { inspectContainers } = fake.docker;
    let questions = 0;
    fake.break({
      inspectContainers: async (ids) => {
        questions += 1;
        // One before the start, one for the marks after it.
        if (questions === 3) throw dockerRefuses("ask for the state of containers", "unreachable");
        return inspectContainers(ids);
      },
    });
    const { result } = await fake.start(record);
    expect(result).toMatchObject({ isRunning: true, attempts: 2 });
  });

  test("lets through what is no trouble of docker's", async () => {
    const { start, break: breakDocker } = prepare();
    breakDocker({ start: () => Promise.reject(new TypeError("a bug")) });
    await expect(start(record)).rejects.toThrow("a bug");
  });

  test("ends at once when its signal is aborted, wherever it waits", async () => {
    const stop = new AbortController();
    const { start, clock } = prepare();
    void clock.sleep(500).then(() => stop.abort(new Error("enough")));
    await expect(start(record, {}, stop.signal)).rejects.toThrow("enough");
  });

  test("makes anew only what is gone, as often as it ran, and says why it cannot", async () => {
    const fake = createFakeDocker([fakeContainer("web", { state: "exited" })]);
    const asked: unknown[] = [];
    fake.break({
      create: async (location, replicas) => {
        asked.push(location.directory, ...replicas);
        throw new DockerError("Cannot make the containers", { trouble: "compose-file", hint: "" });
      },
    });
    const clock = createVirtualClock();
    const options = { ...defaultStartOptions, maxAttempts: 1 };
    const started = await clock.run(startStack({ docker: fake.docker, clock }, record, options));
    const result = await clock.run(started.confirm());
    expect(asked).toEqual(["/stacks/shop", ["db", 1]]);
    expect(result.problems).toEqual(['Container "db" is gone (Cannot make the containers)']);
    expect(fake.calls).toEqual(["start web"]);
  });
});
