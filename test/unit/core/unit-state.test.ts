import { describe, expect, test } from "bun:test";
import { isUnitBusy, judgeUnitRun, planUnitRun, type UnitState } from "#lib/core/unit-state.ts";

const rest: UnitState = {
  id: "restic-backup-plex.service",
  loadState: "loaded",
  activeState: "inactive",
  subState: "dead",
  job: undefined,
  invocationId: "b",
  conditionResult: true,
  conditionAt: 2n,
  canStart: true,
  result: "success",
  exitStatus: 0,
  isKilled: false,
  restarts: 0,
};
const trace = {
  before: { invocationId: "a", conditionAt: 1n },
  invocation: "b",
  jobResult: "done",
  partialStatuses: [3],
};

describe("isUnitBusy()", () => {
  test.each([
    ["activating", "start", undefined, true],
    ["activating", "auto-restart", undefined, true],
    ["active", "running", undefined, true],
    ["active", "exited", undefined, false],
    ["deactivating", "stop-sigterm", undefined, true],
    ["reloading", "reload", undefined, true],
    ["inactive", "dead", undefined, false],
    ["inactive", "dead", "/org/freedesktop/systemd1/job/7", true],
    ["failed", "failed", undefined, false],
  ])("of %s (%s) with job %s is %p", (activeState, subState, job, expected) => {
    expect(isUnitBusy({ ...rest, activeState, subState, job })).toBe(expected);
  });
});

describe("planUnitRun()", () => {
  test.each([
    ["masked", true, "skipped masked"],
    ["not-found", false, "failed not-found"],
    ["bad-setting", true, "failed bad-setting"],
    ["error", true, "failed error"],
    ["loaded", false, "failed refuses-start"],
  ])("has nothing to do with a unit that is %s (can be started: %p)", (loadState, canStart, expected) => {
    const plan = planUnitRun({ ...rest, loadState, canStart }, "skip");
    expect(plan.act === "none" && `${plan.verdict} ${plan.reason}`).toBe(expected);
  });

  test("starts what is at rest, skips or joins what is busy, and leaves what remains active", () => {
    const busy = { ...rest, activeState: "activating" };
    const remaining = { ...rest, activeState: "active", subState: "exited" };
    expect(planUnitRun(rest, "skip")).toEqual({ act: "start" });
    expect(planUnitRun({ ...rest, activeState: "failed" }, "skip")).toEqual({ act: "start" });
    expect(planUnitRun(busy, "skip")).toMatchObject({ verdict: "skipped", reason: "already-running" });
    expect(planUnitRun(busy, "wait")).toEqual({ act: "join" });
    expect(planUnitRun({ ...rest, job: "/job/1" }, "wait")).toEqual({ act: "join" });
    expect(planUnitRun(remaining, "wait")).toMatchObject({ verdict: "skipped", reason: "remains-active" });
  });
});

describe("judgeUnitRun()", () => {
  const judge = (state: Partial<UnitState>, more: Partial<Parameters<typeof judgeUnitRun>[1]> = {}) => {
    const { verdict, reason } = judgeUnitRun({ ...rest, ...state }, { ...trace, ...more });
    return `${verdict} ${reason}`;
  };

  test("is a success by the result of a new run alone", () => {
    expect(judge({})).toBe("success success");
    expect(judge({ invocationId: "a" })).toBe("failed no-trace");
    expect(judge({ invocationId: "" })).toBe("failed no-trace");
  });

  test("is partial by an expected exit status, whatever the unit calls it", () => {
    expect(judge({ result: "exit-code", exitStatus: 3, activeState: "failed" })).toBe("partial partial");
    expect(judge({ result: "success", exitStatus: 3 })).toBe("partial partial");
    expect(judge({ result: "timeout", exitStatus: 3, activeState: "failed" })).toBe("failed timeout");
    expect(judge({ result: "exit-code", exitStatus: 3 }, { partialStatuses: [] })).toBe("failed exit-code");
  });

  test.each(["signal", "core-dump", "oom-kill", "timeout", "watchdog", "resources"])(
    "fails by %s",
    (result) => {
      expect(judge({ result, activeState: "failed" })).toBe(`failed ${result}`);
    },
  );

  test("is no success when somebody ended it, though systemd calls it one", () => {
    expect(judge({ isKilled: true, exitStatus: 15 })).toBe("failed signal");
    expect(judge({ isKilled: true, exitStatus: 15 }, { partialStatuses: [15] })).toBe("failed signal");
    expect(judge({}, { jobResult: "canceled" })).toBe("failed canceled");
    // What somebody else started after it came to its end.
    expect(judge({ invocationId: "c" }, { jobResult: "canceled" })).toBe("success success");
  });

  test("says with which status a program ended, and none where systemd ended it", () => {
    const said = (state: Partial<UnitState>) => judgeUnitRun({ ...rest, ...state }, trace).message;
    expect(said({ result: "exit-code", exitStatus: 9 })).toBe("failed with result: exit-code (status 9)");
    expect(said({ result: "exit-code", exitStatus: 0 })).toBe("failed with result: exit-code");
    expect(said({ result: "timeout", exitStatus: 9 })).toBe("failed with result: timeout");
  });

  test("is skipped by a condition only if that was looked at for this start", () => {
    const kept = { invocationId: "a", conditionResult: false };
    expect(judge({ ...kept, conditionAt: 2n })).toBe("skipped condition");
    // Unloaded and loaded anew, a unit has never looked at its conditions.
    expect(judge({ ...kept, conditionAt: 0n })).toBe("failed no-trace");
    expect(judge({ result: "exec-condition" })).toBe("skipped condition");
  });

  test.each(["canceled", "dependency", "timeout", "assert", "unsupported", "invalid", "once"])(
    "fails without a run when its job ends as %s",
    (jobResult) => {
      expect(judge({ invocationId: "a" }, { jobResult })).toBe(`failed ${jobResult}`);
    },
  );

  test("does not take an earlier failure for this start's", () => {
    const state = { invocationId: "a", activeState: "failed", result: "exit-code" };
    expect(judge(state, { jobResult: "failed" })).toBe("failed not-started");
  });

  test("tells restarts, and a start by somebody else", () => {
    const message = (state: Partial<UnitState>) => judgeUnitRun({ ...rest, ...state }, trace).message;
    expect(message({ invocationId: "c", restarts: 1 })).toBe("success, after one restart");
    expect(message({ invocationId: "c", restarts: 4 })).toBe("success, after 4 restarts");
    expect(message({ invocationId: "c" })).toBe("success, started once more by somebody else");
  });
});
