import { describe, expect, test } from "bun:test";
import { deployJson, formatDeployLines } from "#lib/core/deploy-lines.ts";
import { type JudgedStep, judgeDeploy, noMatch, worstOutcome } from "#lib/core/deploy-verdict.ts";
import type { StagePolicy } from "#lib/core/stage.ts";
import type { StepVerdict } from "#lib/core/step-result.ts";

const step = (verdict: StepVerdict, policy: StagePolicy = "counted", name = "a.service"): JudgedStep => ({
  policy,
  result: {
    ...{ name, verdict, reason: reasons[verdict], message: "", durationMs: 1, lastLines: [] },
    startedAt: verdict === "skipped" ? undefined : "2026-11-21T03:00:00.000Z",
  },
});
const reasons: Readonly<Record<StepVerdict, string>> = {
  success: "success",
  partial: "partial",
  failed: "exit-code",
  timeout: "timeout",
  skipped: "already-running",
  stopped: "stopped",
};
const times = (count: number, verdict: StepVerdict) => Array.from({ length: count }, () => step(verdict));
const judge = (steps: readonly JudgedStep[], threshold = 50) => {
  const { outcome, failureRatePercent } = judgeDeploy(steps, threshold);
  return [outcome, failureRatePercent];
};

describe("judgeDeploy()", () => {
  test("is complete when everything succeeded, and only then", () => {
    expect(judge(times(15, "success"))).toEqual(["complete", 0]);
    expect(judge([...times(14, "success"), step("partial")])).toEqual(["partial", 0]);
    expect(judge([...times(14, "success"), step("skipped")])).toEqual(["partial", 0]);
    expect(judge([...times(14, "success"), step("failed", "warning")])).toEqual(["partial", 0]);
  });

  test("takes a failure rate up to the threshold for partial, and more for failed", () => {
    expect(judge([...times(13, "success"), step("failed"), step("timeout")])).toEqual(["partial", 13]);
    expect(judge([...times(7, "success"), ...times(7, "failed")])).toEqual(["partial", 50]);
    expect(judge([...times(7, "success"), ...times(8, "failed")])).toEqual(["failed", 53]);
    // 50.5 % is more than 50, though it is shown as 50.
    expect(judge([...times(50, "success"), ...times(51, "failed")])).toEqual(["failed", 50]);
    expect(judge([...times(9, "success"), step("failed")], 0)).toEqual(["failed", 10]);
    expect(judge([step("failed")], 100)).toEqual(["partial", 100]);
  });

  test("counts what ran in counted and required stages alone", () => {
    const warnings = [step("failed", "warning"), step("timeout", "warning"), step("failed", "warning")];
    expect(judge([step("success"), step("failed"), step("skipped"), step("skipped"), ...warnings])).toEqual([
      "partial",
      50,
    ]);
  });

  test("has failed when a required backup was not taken, for whatever reason", () => {
    for (const verdict of ["failed", "timeout", "skipped", "stopped"] as const) {
      expect(judge([...times(20, "success"), step(verdict, "required")])[0]).toBe("failed");
    }
    expect(judge([...times(20, "success"), step("partial", "required")])[0]).toBe("partial");
  });

  test("has failed when nothing was executed", () => {
    expect(judge([])).toEqual(["failed", 0]);
    expect(judge(times(3, "skipped"))).toEqual(["failed", 0]);
    expect(judge([step("success", "warning"), step("skipped")])).toEqual(["failed", 0]);
    expect(judge([step("success", "warning")])).toEqual(["complete", 0]);
    // Refused by systemd, or matched by nothing: a failure, and no run.
    const neverBegan = (policy: StagePolicy): JudgedStep => ({
      policy,
      result: { ...step("failed").result, startedAt: undefined },
    });
    expect(judge([neverBegan("counted"), neverBegan("counted")], 100)).toEqual(["failed", 100]);
    expect(judge([neverBegan("warning")])).toEqual(["failed", 0]);
  });

  test("has failed when a pattern matches nothing, unless that is worth a warning only", () => {
    const unmatched = (policy: StagePolicy): JudgedStep => ({
      policy,
      result: { ...step("failed").result, name: "syncoid-*.service", reason: noMatch },
    });
    expect(judge([...times(20, "success"), unmatched("counted")])[0]).toBe("failed");
    expect(judge([...times(20, "success"), unmatched("warning")])[0]).toBe("partial");
  });
});

test("worstOutcome() lets one host forbid the deployment", () => {
  expect(worstOutcome(["complete", "partial", "failed"])).toBe("failed");
  expect(worstOutcome(["complete", "partial"])).toBe("partial");
  expect(worstOutcome(["complete"])).toBe("complete");
});

describe("formatDeployLines()", () => {
  const lines = (steps: readonly JudgedStep[]) =>
    formatDeployLines(judgeDeploy(steps, 50), steps).map(({ level, text }) => `${level} ${text}`);

  test("has the lines of the legacy script when all is well", () => {
    expect(lines(times(15, "success"))).toEqual([
      "info Total services: 15",
      "info Successful: 15",
      "info Failed: 0",
      "info Timed out: 0",
      "info Skipped (already running): 0",
      "info All backups completed successfully!",
    ]);
  });

  test("has them when a part failed, timed out or was skipped", () => {
    const steps = [
      ...times(12, "success"),
      step("failed", "counted", "syncoid-a.service"),
      step("timeout", "counted", "restic-backup-lidarr.service"),
      step("skipped", "counted", "restic-backup-plex.service"),
    ];
    expect(lines(steps)).toEqual([
      "info Total services: 15",
      "info Successful: 12",
      "info Failed: 1",
      "info Timed out: 1",
      "info Skipped (already running): 1",
      "warning Skipped services:",
      "warning   - restic-backup-plex.service: already-running",
      "error Failed services:",
      "error   - syncoid-a.service: exit-code",
      "error Timed out services:",
      "error   - restic-backup-lidarr.service",
      "warning Partial failure: 14% of backups did not complete successfully",
      "warning This is within acceptable threshold for deployment",
    ]);
  });

  test("has them when too much failed", () => {
    expect(lines([step("success"), ...times(2, "failed")]).at(-1)).toBe(
      "error CRITICAL: More than 50% of backups failed (66%)",
    );
  });
});

test("deployJson() has the keys of the legacy script, of several hosts together", () => {
  const one = judgeDeploy([...times(3, "success"), step("failed")], 50);
  const other = judgeDeploy([step("success"), step("timeout"), step("skipped"), step("partial")], 50);
  expect(deployJson([one, other])).toEqual({
    total_services: 8,
    successful: 4,
    partial: 1,
    failed: 1,
    timed_out: 1,
    skipped: 1,
    failure_rate_percent: 33,
  });
});
