/** runStage() over units of a manager that does what a test wants of it. */
import { expect, test } from "bun:test";
import type { Settings } from "#lib/config/schema.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { RunContext, UndoJournal } from "#lib/core/run-context.ts";
import type { Stage } from "#lib/core/stage.ts";
import type { UnitState } from "#lib/core/unit-state.ts";
import { runStage } from "#lib/predeploy/run-stage.ts";
import { DbusError } from "#lib/tools/dbus-connection.ts";
import type { UnitManager } from "#lib/units/unit-manager.ts";
import { quietRun } from "#test/support/quiet-run.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";

const rest: Omit<UnitState, "id"> = {
  loadState: "loaded",
  activeState: "inactive",
  subState: "dead",
  job: undefined,
  invocationId: "",
  conditionResult: true,
  conditionAt: 0n,
  canStart: true,
  result: "success",
  exitStatus: 0,
  isKilled: false,
  restarts: 0,
};
const stage: Stage = {
  label: "1",
  title: "All",
  units: ["a.service", "b.service", "c.service"],
  except: [],
  jobs: [],
  commands: [],
  limit: 2,
  timeoutMs: 60_000,
  policy: "counted",
  whenRunning: "skip",
  partialStatuses: [],
};

/** Units run until they are stopped; b ends by itself when it has begun. */
function createWorld(journal: Partial<UndoJournal>, more: Partial<UnitManager> = {}) {
  const clock = createVirtualClock();
  const calls: string[] = [];
  const running = new Set<string>();
  const begun = new Set<string>();
  const manager: UnitManager = {
    find: async () => [],
    hold: async () => undefined,
    look: async (id) => ({
      ...{ ...rest, id, invocationId: begun.has(id) ? `run of ${id}` : "" },
      activeState: running.has(id) ? "activating" : "inactive",
    }),
    start: async (unit) => {
      calls.push(`start ${unit}`);
      begun.add(unit);
      if (unit !== "b.service") running.add(unit);
      return `/job/${unit}`;
    },
    stop: async (unit) => {
      calls.push(`stop ${unit}`);
      running.delete(unit);
    },
    announced: () => undefined,
    jobResult: () => "done",
    changeCount: () => 0,
    untilChange: (_unit, _count, ms, signal) => clock.sleep(ms, signal).catch(() => undefined),
    close: () => undefined,
    ...more,
  };
  // As much of a run as a stage uses.
  const context = {
    ...quietRun,
    deps: { clock, exec: async () => ({ exitCode: 1, stdout: "", stderr: "" }) },
    signal: new AbortController().signal,
    journal: { ...quietRun.journal, ...journal },
  } as unknown as RunContext<Settings>;
  const live = {
    began: () => undefined,
    ended: () => undefined,
    waits: () => undefined,
    close: () => undefined,
  };
  const host = { context, target: { kind: "system" }, manager, durationsMs: new Map(), live } as const;
  return { calls, run: (what = stage) => clock.run(runStage(host, what)) };
}

const full = new OpsError("Cannot write the journal", { outcome: "failed" });

test("runStage() starts nothing that it cannot record, and goes on with what it has started", async () => {
  const recorded: string[] = [];
  const { calls, run } = createWorld({
    record: async (entry) => {
      if (recorded.push(entry.kind) > 2) throw full;
    },
    forget: () => Promise.reject(full),
  });
  const results = await run();
  expect(results.map(({ name, verdict, reason }) => `${name} ${verdict} ${reason}`)).toEqual([
    "a.service timeout timeout",
    "b.service success success",
    "c.service failed not-recorded",
  ]);
  expect(results[2]?.message).toBe("was not started: Cannot write the journal");
  expect(calls).toEqual(["start a.service", "start b.service", "stop a.service"]);
});

test("runStage() stops what it has started, and starts no more, after an error that nobody foresaw", async () => {
  const { calls, run } = createWorld(
    {},
    {
      jobResult: (job) => {
        if (job === "/job/b.service") throw new TypeError("a bug");
        return "done";
      },
    },
  );
  await expect(run()).rejects.toThrow("a bug");
  expect(new Set(calls)).toEqual(new Set(["start a.service", "start b.service", "stop a.service"]));
});

test("runStage() waits for a bus that is lost when it asks for the names of units", async () => {
  let looks = 0;
  const look = async (id: string) => {
    looks += 1;
    if (looks === 1) throw new DbusError("lost", "gone");
    return { ...rest, id, loadState: "masked" };
  };
  const results = await createWorld({}, { look }).run();
  expect(results.map(({ reason }) => reason)).toEqual(["masked", "masked", "masked"]);
});

test("runStage() records a command for as long as it runs, and starts none that it cannot record", async () => {
  const order = { ...stage, units: [], commands: [["true"] as const] };
  const calls: string[] = [];
  const note =
    (what: string): UndoJournal["record"] =>
    async (entry) => {
      calls.push(`${what} ${entry.kind} ${entry.kind === "program" && entry.name}`);
    };
  const [ended] = await createWorld({ record: note("record"), forget: note("forget") }).run(order);
  expect(ended?.verdict).toBe("success");
  expect(calls).toEqual(["record program true", "forget program true"]);
  const [refused] = await createWorld({ record: () => Promise.reject(full) }).run(order);
  expect([refused?.reason, refused?.startedAt]).toEqual(["not-recorded", undefined]);
});
