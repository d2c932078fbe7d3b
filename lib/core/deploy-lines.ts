/** The report of a pre-deployment backup in the lines that people and programs know from the script before it. Pure. */
import type { DeployVerdict, JudgedStep } from "#lib/core/deploy-verdict.ts";
import type { LogLevel } from "#lib/core/log.ts";
import type { StepVerdict } from "#lib/core/step-result.ts";

export interface DeployLine {
  readonly level: Extract<LogLevel, "info" | "warning" | "error">;
  readonly text: string;
}

/** The lines of stage 4, for a terminal and a log. */
export function formatDeployLines(verdict: DeployVerdict, steps: readonly JudgedStep[]): DeployLine[] {
  const { counts, failureRatePercent: rate, outcome, reason } = verdict;
  const alreadyRunning = steps.filter(({ result }) => result.reason === "already-running").length;
  const otherwise = counts.skipped - alreadyRunning;
  const info = (text: string): DeployLine => ({ level: "info", text });
  return [
    info(`Total services: ${counts.total}`),
    info(`Successful: ${counts.successful}`),
    ...(counts.partial === 0 ? [] : [info(`Incomplete: ${counts.partial}`)]),
    info(`Failed: ${counts.failed}`),
    info(`Timed out: ${counts.timedOut}`),
    info(`Skipped (already running): ${alreadyRunning}`),
    ...(otherwise === 0 ? [] : [info(`Skipped (for other reasons): ${otherwise}`)]),
    ...listOf(steps, "warning", "Skipped services:", ["skipped"]),
    ...listOf(steps, "warning", "Incomplete services:", ["partial"]),
    ...listOf(steps, "error", "Failed services:", ["failed", "stopped"]),
    ...listOf(steps, "error", "Timed out services:", ["timeout"]),
    ...closingLines(outcome, reason, rate),
  ];
}

function closingLines(outcome: DeployVerdict["outcome"], reason: string, rate: number): DeployLine[] {
  if (outcome === "complete") return [{ level: "info", text: "All backups completed successfully!" }];
  if (outcome === "failed") return [{ level: "error", text: `CRITICAL: ${reason}` }];
  return [
    { level: "warning", text: rate > 0 ? `Partial failure: ${reason}` : reason },
    { level: "warning", text: "This is within acceptable threshold for deployment" },
  ];
}

function listOf(
  steps: readonly JudgedStep[],
  level: DeployLine["level"],
  title: string,
  verdicts: readonly StepVerdict[],
): DeployLine[] {
  const listed = steps.filter(({ result }) => verdicts.includes(result.verdict));
  if (listed.length === 0) return [];
  const line = ({ result }: JudgedStep): DeployLine => {
    const detail = result.verdict === "timeout" ? "" : `: ${result.reason}`;
    return { level, text: `  - ${result.name}${detail}` };
  };
  return [{ level, text: title }, ...listed.map(line)];
}

/** The keys of `--json` that the script before it had, of one host or of several together. */
export function deployJson(verdicts: readonly DeployVerdict[]): Record<string, number> {
  const sum = (pick: (verdict: DeployVerdict) => number) =>
    verdicts.reduce((total, verdict) => total + pick(verdict), 0);
  return {
    total_services: sum(({ counts }) => counts.total),
    successful: sum(({ counts }) => counts.successful),
    partial: sum(({ counts }) => counts.partial),
    failed: sum(({ counts }) => counts.failed),
    timed_out: sum(({ counts }) => counts.timedOut),
    skipped: sum(({ counts }) => counts.skipped),
    failure_rate_percent: Math.max(0, ...verdicts.map(({ failureRatePercent }) => failureRatePercent)),
  };
}
