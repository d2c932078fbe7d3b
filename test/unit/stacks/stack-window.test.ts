import { describe, expect, test } from "bun:test";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { UndoEntry } from "#lib/core/undo.ts";
import {
  openWindow,
  type StackWindow,
  type WindowEnd,
  type WindowRequest,
} from "#lib/stacks/stack-window.ts";
import { defaultStartOptions } from "#lib/stacks/start-stack.ts";
import {
  createFakeDocker,
  dockerRefuses,
  type FakeDocker,
  fakeContainer,
  stoppedStack,
} from "#test/support/fake-docker.ts";
import { quietRun } from "#test/support/quiet-run.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";

const maxMs = 900_000;

function createWorld(fake: FakeDocker = createFakeDocker([fakeContainer("web"), fakeContainer("db")])) {
  const clock = createVirtualClock();
  const stopped = stoppedStack(["db", "web"]);
  const aborted = new AbortController();
  const entries: UndoEntry[] = [];
  const down: WindowEnd[] = [];
  const request: WindowRequest = {
    docker: fake.docker,
    clock,
    log: quietRun.log,
    journal: {
      record: async (entry) => {
        expect(fake.calls).toEqual([]);
        entries.push(entry);
      },
      forget: async (entry) => {
        entries.splice(entries.indexOf(entry), 1);
      },
    },
    stopped,
    signal: aborted.signal,
    start: defaultStartOptions,
    maxMs,
    onDown: (end) => down.push(end),
  };
  const open = (change: Partial<WindowRequest> = {}): Promise<StackWindow> =>
    clock.run(openWindow({ ...request, docker: fake.docker, ...change }));
  return { fake, clock, entries, down, stopped, abort: () => aborted.abort(new Error("Stopped")), open };
}

describe("openWindow()", () => {
  test("has written down what runs before it stops anything, and forgets it when that runs again", async () => {
    const { fake, clock, entries, stopped, open } = createWorld();
    const window = await open();
    expect(entries).toEqual([stopped]);
    expect([fake.stateOf("web"), fake.stateOf("db")]).toEqual(["exited", "exited"]);
    const end = await clock.run(window.end());
    expect(end).toMatchObject({ isRunning: true, problems: [] });
    expect([fake.stateOf("web"), fake.stateOf("db")]).toEqual(["running", "running"]);
    expect(entries).toEqual([]);
  });

  test("stops nothing when that cannot be written down", async () => {
    const { fake, open } = createWorld();
    const journal = {
      ...quietRun.journal,
      record: () => Promise.reject(new OpsError("No room", { outcome: "failed" })),
    };
    await expect(open({ journal })).rejects.toThrow("No room");
    expect(fake.calls).toEqual([]);
  });

  test("measures until docker has started all, not until all has settled", async () => {
    const { clock, open } = createWorld();
    const window = await open();
    await clock.run(clock.sleep(7000));
    await clock.run(window.close());
    const { seconds } = await clock.run(window.end());
    expect(seconds).toBe(7);
  });

  test("starts once, whoever asks and how often", async () => {
    const { fake, clock, open } = createWorld();
    const window = await open();
    await clock.run(Promise.all([window.close(), window.end(), window.end()]));
    expect(fake.calls.filter((call) => call === "start web")).toHaveLength(1);
  });

  test("starts again what stopped when the rest does not stop, and says why", async () => {
    const { fake, entries, open } = createWorld();
    const { stop } = fake.docker;
    fake.break({
      stop: async (targets) => {
        await stop(targets.filter(({ name }) => name === "web"));
        if (targets.some(({ name }) => name === "db")) throw dockerRefuses('stop container "db"');
      },
    });
    const error = await open().catch((reason: unknown) => reason);
    expect(describeError(error)).toBe('Cannot stop container "db": the engine says no');
    expect([fake.stateOf("web"), fake.stateOf("db")]).toEqual(["running", "running"]);
    expect(entries).toEqual([]);
  });

  test("starts all again when something of it runs after all, and says what", async () => {
    const { fake, clock, entries, open } = createWorld();
    const window = await open();
    await clock.run(window.requireStopped());
    fake.set("db", { state: "running" });
    await expect(clock.run(window.requireStopped())).rejects.toThrow('container "db" is running');
    expect([fake.stateOf("web"), fake.stateOf("db")]).toEqual(["running", "running"]);
    expect(entries).toEqual([]);
  });

  test("starts the stack when it has been stopped for too long, and tells whoever reads to give up", async () => {
    const { fake, clock, open } = createWorld();
    const window = await open();
    await clock.run(clock.sleep(maxMs - 1));
    expect(window.giveUp.aborted).toBe(false);
    await clock.run(clock.sleep(2));
    expect(window.giveUp.reason).toBeInstanceOf(OpsError);
    expect(window.giveUp.reason.message).toContain("longer than STACK_MAX_WINDOW (15m 00s)");
    expect((await clock.run(window.end())).isRunning).toBe(true);
    expect(fake.stateOf("web")).toBe("running");
  });

  test("asks nobody to give up once it is closed", async () => {
    const { clock, open } = createWorld();
    const window = await open();
    await clock.run(window.end());
    await clock.run(clock.sleep(maxMs * 2));
    expect(window.giveUp.aborted).toBe(false);
  });

  test("keeps what does not start in the journal, and tells of it once, with the command for a person", async () => {
    const { fake, clock, entries, down, stopped, open } = createWorld();
    const window = await open();
    fake.break({ start: () => Promise.reject(dockerRefuses("start it")) });
    const end = await clock.run(window.end());
    expect(end).toMatchObject({ isRunning: false, attempts: 3, manualCommand: "docker start db web" });
    expect(end.problems.join()).toContain("the engine says no");
    await clock.run(window.end());
    expect(down).toEqual([end]);
    expect(entries).toEqual([stopped]);
  });

  test("never rejects, even for an error that nobody foresaw", async () => {
    const { fake, clock, down, open } = createWorld();
    const window = await open();
    fake.break({ start: () => Promise.reject(new TypeError("A bug")) });
    await clock.run(window.close());
    expect(await clock.run(window.end())).toMatchObject({ isRunning: false, problems: ["A bug"] });
    expect(down).toHaveLength(1);
  });

  test("stops and starts nothing where somebody else has stopped all of it", async () => {
    const { fake, clock, entries, open } = createWorld();
    const window = await open({ stopped: stoppedStack([]) });
    expect((await clock.run(window.end())).isRunning).toBe(true);
    expect(fake.calls.filter((call) => /^(?:stop|start)/.test(call))).toEqual([]);
    expect(entries).toEqual([]);
  });

  test("starts the stack at once when the run is stopped, whoever still reads its data", async () => {
    const { fake, clock, open, abort } = createWorld();
    const window = await open();
    abort();
    await clock.run(window.close());
    expect(fake.calls).toContain("start web");
    expect(window.giveUp.aborted).toBe(false);
  });

  /** Stops that take a minute each, and end what runs only then. */
  const stopSlowly = (
    { docker, break: change }: FakeDocker,
    clock: { sleep: (ms: number) => Promise<void> },
  ) => {
    const { stop } = docker;
    change({
      stop: async (targets) => {
        await clock.sleep(60_000);
        await stop(targets);
      },
    });
  };

  test("starts nothing that is still being stopped, though it has been open for too long", async () => {
    const { fake, clock, entries, open } = createWorld();
    stopSlowly(fake, clock);
    const window = await open({ maxMs: 1000 });
    expect(window.giveUp.aborted).toBe(true);
    expect((await clock.run(window.end())).isRunning).toBe(true);
    expect([fake.stateOf("web"), fake.stateOf("db")]).toEqual(["running", "running"]);
    expect(fake.calls.findLastIndex((call) => call.startsWith("stop"))).toBeLessThan(
      fake.calls.findIndex((call) => call.startsWith("start")),
    );
    expect(entries).toEqual([]);
  });

  test("starts nothing that is still being stopped, though the run is", async () => {
    const { fake, clock, open, abort } = createWorld();
    stopSlowly(fake, clock);
    void clock.sleep(1000).then(abort);
    await expect(open()).rejects.toThrow("Stopped");
    expect([fake.stateOf("web"), fake.stateOf("db")]).toEqual(["running", "running"]);
  });

  test("asks once more where docker did not answer in time: it may still end what seems to run", async () => {
    const { fake, open } = createWorld();
    const { stop } = fake.docker;
    let asked = 0;
    fake.break({
      stop: async (targets) => {
        asked += 1;
        if (asked === 1) throw dockerRefuses("stop it", "timeout");
        await stop(targets);
      },
    });
    await expect(open()).rejects.toThrow("the engine says no");
    expect(fake.calls.slice(0, 2).every((call) => call.startsWith("stop"))).toBe(true);
    expect([fake.stateOf("web"), fake.stateOf("db")]).toEqual(["running", "running"]);
  });

  test("calls running what runs, also when the journal cannot be written any more", async () => {
    const { clock, down, open } = createWorld();
    const full = () => Promise.reject(new OpsError("No room", { outcome: "failed" }));
    const window = await open({ journal: { record: async () => undefined, forget: full } });
    expect(await clock.run(window.end())).toMatchObject({ isRunning: true, problems: [] });
    expect(down).toEqual([]);
  });
});
