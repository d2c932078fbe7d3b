/** Whether a deployment may go on after the backups before it. Pure. */
import type { PartOutcome } from "#lib/core/outcome.ts";
import type { StagePolicy } from "#lib/core/stage.ts";
import type { StepResult, StepVerdict } from "#lib/core/step-result.ts";

export interface JudgedStep {
  readonly policy: StagePolicy;
  readonly result: StepResult;
}

export interface DeployCounts {
  readonly total: number;
  readonly successful: number;
  readonly partial: number;
  readonly failed: number;
  readonly timedOut: number;
  readonly skipped: number;
}

export interface DeployVerdict {
  readonly outcome: PartOutcome;
  readonly counts: DeployCounts;
  /** Whole percent of the counted steps that ran and failed, rounded down. */
  readonly failureRatePercent: number;
  /** One sentence. */
  readonly reason: string;
}

/** A pattern that matches nothing: what it stands for is missing as a whole, however many units that were. */
export const noMatch = "no-match";

/** Outcome, counts and rate of what ran; more than `thresholdPercent` of failures forbid the deployment. */
export function judgeDeploy(steps: readonly JudgedStep[], thresholdPercent: number): DeployVerdict {
  const counted = steps.filter(({ policy }) => policy !== "warning");
  const ran = counted.filter(({ result }) => hasRun(result.verdict));
  const failures = ran.filter(({ result }) => isFailure(result.verdict));
  const rate = ran.length === 0 ? 0 : Math.floor((failures.length * 100) / ran.length);
  const because = (outcome: PartOutcome, reason: string): DeployVerdict => ({
    outcome,
    counts: countSteps(steps),
    failureRatePercent: rate,
    reason,
  });

  const missing = counted.filter(({ result }) => result.reason === noMatch).map(({ result }) => result.name);
  if (missing.length > 0) return because("failed", `No unit matches ${missing.join(", ")}`);
  const required = steps.filter(({ policy, result }) => policy === "required" && !isUsable(result.verdict));
  if (required.length > 0) {
    const names = required.map(({ result }) => `${result.name} (${result.reason})`).join(", ");
    return because("failed", `A required backup did not succeed: ${names}`);
  }
  const isExecuted = ({ result }: JudgedStep) => result.startedAt !== undefined && hasRun(result.verdict);
  if (!mustRunOne(steps).some(isExecuted)) return because("failed", "No backup was executed");
  // Compared as integers: 50.5 % is more than 50.
  if (failures.length * 100 > thresholdPercent * ran.length) {
    return because("failed", `More than ${thresholdPercent}% of backups failed (${rate}%)`);
  }
  if (failures.length > 0) return because("partial", `${rate}% of backups did not complete successfully`);
  const wanting = steps.filter(({ result }) => result.verdict !== "success");
  if (wanting.length === 0) return because("complete", "All backups completed successfully");
  const names = wanting.map(({ result }) => `${result.name} (${result.reason})`).join(", ");
  return because("partial", `No counted backup failed, yet not all is well: ${names}`);
}

/** At least one of them has to run. What a warning is for need not; when nothing else is asked for, it is what was asked for. */
export function mustRunOne(steps: readonly JudgedStep[]): readonly JudgedStep[] {
  const counted = steps.filter(({ policy }) => policy !== "warning");
  return counted.length > 0 ? counted : steps;
}

function countSteps(steps: readonly JudgedStep[]): DeployCounts {
  const countOf = (...verdicts: readonly StepVerdict[]) =>
    steps.filter(({ result }) => verdicts.includes(result.verdict)).length;
  return {
    total: steps.length,
    successful: countOf("success"),
    partial: countOf("partial"),
    failed: countOf("failed", "stopped"),
    timedOut: countOf("timeout"),
    skipped: countOf("skipped"),
  };
}

function hasRun(verdict: StepVerdict): boolean {
  return verdict !== "skipped";
}

function isFailure(verdict: StepVerdict): boolean {
  return verdict === "failed" || verdict === "timeout" || verdict === "stopped";
}

function isUsable(verdict: StepVerdict): boolean {
  return verdict === "success" || verdict === "partial";
}

/** The worst of several hosts: one that must not be deployed to keeps all from it. */
export function worstOutcome(outcomes: readonly PartOutcome[]): PartOutcome {
  if (outcomes.includes("failed")) return "failed";
  return outcomes.includes("partial") ? "partial" : "complete";
}
