/** runUnit() against a manager that does what a test wants of it, with time standing still. */
import { describe, expect, test } from "bun:test";
import type { RecalledRun } from "#lib/core/unit-journal.ts";
import type { UnitState } from "#lib/core/unit-state.ts";
import { DbusError } from "#lib/tools/dbus-connection.ts";
import { runUnit, type UnitOrder } from "#lib/units/run-unit.ts";
import type { UnitManager } from "#lib/units/unit-manager.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";

const unit = "restic-backup-plex.service";
const order: UnitOrder = { unit, timeoutMs: 60_000, whenRunning: "skip", partialStatuses: [] };
const rest: UnitState = {
  id: unit,
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
const running: UnitState = { ...rest, activeState: "activating", subState: "start", invocationId: "1" };
const ended: UnitState = { ...rest, invocationId: "1", conditionAt: 1n };
const lost = () => new DbusError("lost", "gone");

/** Gives one look after the other, an error as a rejection; the last one for ever. */
function createWorld(looks: readonly (UnitState | Error)[], more: Partial<UnitManager> = {}) {
  const clock = createVirtualClock();
  const calls: string[] = [];
  let at = 0;
  const manager: UnitManager = {
    find: async () => [],
    hold: async () => undefined,
    look: async () => {
      const look = looks[Math.min(at, looks.length - 1)];
      at += 1;
      if (look === undefined || look instanceof Error) throw look;
      return look;
    },
    start: async () => {
      calls.push("start");
      return "/job/1";
    },
    stop: async () => {
      calls.push("stop");
    },
    announced: () => undefined,
    jobResult: () => "done",
    changeCount: () => 0,
    untilChange: (_unit, _count, ms, signal) => clock.sleep(ms, signal).catch(() => undefined),
    close: () => undefined,
    ...more,
  };
  const run = (
    changes: Partial<UnitOrder> = {},
    signal = new AbortController().signal,
    recalled?: RecalledRun,
  ) =>
    clock.run(
      runUnit(
        {
          manager,
          clock,
          signal,
          onBegin: async (isJoined) => void calls.push(isJoined ? "joined" : "begins"),
          recall: async () => recalled,
        },
        { ...order, ...changes },
      ),
    );
  return { run, calls };
}

describe("runUnit()", () => {
  test("records the start before it is made", async () => {
    const { run, calls } = createWorld([rest, running, ended]);
    expect((await run()).verdict).toBe("success");
    expect(calls).toEqual(["begins", "start"]);
  });

  test("starts nothing that runs already, and stops nothing that it only joined", async () => {
    const skipped = createWorld([running]);
    expect((await skipped.run()).reason).toBe("already-running");
    expect(skipped.calls).toEqual([]);
    const joined = createWorld([running]);
    expect((await joined.run({ whenRunning: "wait" })).message).toBe(
      "timed out after 60s; it was not started here and runs on",
    );
    expect(joined.calls).toEqual(["joined"]);
  });

  test("takes the result of a joined run, though it was no run of ours", async () => {
    expect((await createWorld([running, ended]).run({ whenRunning: "wait" })).verdict).toBe("success");
    const failed = { ...ended, activeState: "failed", result: "exit-code", exitStatus: 1 };
    expect((await createWorld([running, failed]).run({ whenRunning: "wait" })).reason).toBe("exit-code");
  });

  test("does not take the run before for one that is only queued, and recalls a joined one", async () => {
    const old = { ...rest, invocationId: "0", conditionAt: 1n };
    const queued = { ...old, job: "/job/7" };
    expect((await createWorld([queued, queued, old]).run({ whenRunning: "wait" })).reason).toBe("no-trace");
    const recalled = { result: "success", exitStatus: 0 };
    const joined = createWorld([running, rest]);
    const result = await joined.run({ whenRunning: "wait" }, new AbortController().signal, recalled);
    expect(result.verdict).toBe("success");
  });

  test("waits for no answer any more when the run is to end", async () => {
    const stop = new AbortController();
    const { run } = createWorld([lost()], {
      hold: async () => stop.abort(),
    });
    expect((await run({ timeoutMs: 3_600_000 }, stop.signal)).reason).toBe("no-answer");
  });

  test("says within a minute of the end of the run what it leaves to a systemd that hangs", async () => {
    const stop = new AbortController();
    let looks = 0;
    const { run } = createWorld([], {
      look: async () => {
        looks += 1;
        if (looks === 1) return rest;
        return Promise.withResolvers<UnitState>().promise;
      },
      start: async () => {
        stop.abort();
        return "/job/1";
      },
    });
    const result = await run({ timeoutMs: 3_600_000 }, stop.signal);
    expect(result.message).toBe("systemd does not answer: it may still run");
    expect(result.durationMs).toBeLessThan(60_000);
  });

  test("says that a unit may run whose start was not answered", async () => {
    const stop = new AbortController();
    const start = async () => {
      stop.abort();
      throw lost();
    };
    const { run } = createWorld([rest, lost()], { start });
    expect((await run({}, stop.signal)).message).toStartWith("may run now");
  });

  test("asks again while systemd does not answer, and starts once", async () => {
    const { run, calls } = createWorld([lost(), lost(), rest, lost(), running, lost(), ended]);
    expect((await run()).verdict).toBe("success");
    expect(calls).toEqual(["begins", "start"]);
  });

  test("gives up, and says so, when systemd never answers", async () => {
    const { run, calls } = createWorld([lost()]);
    expect((await run()).reason).toBe("no-answer");
    expect(calls).toEqual([]);
  });

  test("does not start twice what began although the answer was lost", async () => {
    let starts = 0;
    const start = async () => {
      starts += 1;
      throw lost();
    };
    const { run } = createWorld([rest, running, running, ended], { start });
    expect((await run()).verdict).toBe("success");
    expect(starts).toBe(1);
  });

  test("starts again what did not begin when the call was lost", async () => {
    let starts = 0;
    const start = async () => {
      starts += 1;
      if (starts === 1) throw lost();
      return "/job/2";
    };
    const { run } = createWorld([rest, rest, running, ended], { start });
    expect((await run()).verdict).toBe("success");
    expect(starts).toBe(2);
  });

  test.each([
    ["org.freedesktop.DBus.Error.AccessDenied", "no-permission"],
    ["org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", "no-permission"],
    ["org.freedesktop.systemd1.UnitMasked", "masked"],
    ["org.freedesktop.systemd1.NoSuchUnit", "not-found"],
    ["org.freedesktop.systemd1.TransactionIsDestructive", "stopping"],
    ["org.example.Unheard", "refused"],
  ])("names a refusal by %s", async (name, reason) => {
    const start = () => Promise.reject(new DbusError(name, "No.."));
    const result = await createWorld([rest], { start }).run();
    expect([result.verdict, result.reason]).toEqual(["failed", reason]);
    expect(result.message).toMatch(/^was refused by systemd: No(?:$|\. )/);
  });

  test("recalls a run that systemd has forgotten, and takes it for a failure when nobody knows", async () => {
    const looks = [rest, running, rest];
    const signal = new AbortController().signal;
    const bad = { result: "exit-code", exitStatus: 5 };
    expect((await createWorld(looks).run({}, signal, { result: "success", exitStatus: 0 })).verdict).toBe(
      "success",
    );
    expect((await createWorld(looks).run({}, signal, bad)).reason).toBe("exit-code");
    expect((await createWorld(looks).run()).reason).toBe("no-trace");
  });

  test("knows a run that was over before it could be looked at by what systemd announced", async () => {
    let asked = 0;
    const announced = () => {
      asked += 1;
      return asked === 1 ? undefined : "1";
    };
    const recalled = { result: "success", exitStatus: 0 };
    const { run } = createWorld([rest, rest], { announced });
    expect((await run({}, new AbortController().signal, recalled)).verdict).toBe("success");
  });

  test("stops its own run on time-out, waits for it, and says when it goes on stopping", async () => {
    const stopping = { ...running, activeState: "deactivating" };
    const stopped = createWorld([rest, running, running, running, running, stopping, ended]);
    expect((await stopped.run()).message).toBe("timed out after 60s; stopped");
    expect(stopped.calls).toEqual(["begins", "start", "stop"]);
    expect((await createWorld([rest, running]).run()).message).toBe(
      "timed out after 60s; told to stop, and still stopping after 2m 00s",
    );
  });

  test("leaves a run alone that somebody else began after its own", async () => {
    const { run, calls } = createWorld([rest, running, { ...running, invocationId: "2" }]);
    expect((await run()).message).toBe("timed out after 60s; somebody else started it again, and it runs on");
    expect(calls).not.toContain("stop");
  });

  test("goes with a run through its restarts by Restart=", async () => {
    const again = { ...running, invocationId: "2", restarts: 1 };
    const waiting = { ...running, subState: "auto-restart" };
    const { run, calls } = createWorld([rest, running, waiting, again]);
    expect((await run()).verdict).toBe("timeout");
    expect(calls).toContain("stop");
    const good = createWorld([rest, running, waiting, again, { ...ended, invocationId: "2", restarts: 1 }]);
    expect((await good.run({ timeoutMs: 600_000 })).message).toBe("success, after one restart");
  });

  test("starts nothing when the run is to end already", async () => {
    const { run, calls } = createWorld([rest]);
    expect((await run({}, AbortSignal.abort())).verdict).toBe("stopped");
    expect(calls).not.toContain("start");
  });
});
