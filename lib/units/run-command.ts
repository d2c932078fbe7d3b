import type { Clock } from "#lib/core/deps.ts";
import type { StepResult } from "#lib/core/step-result.ts";
import { runMark } from "#lib/tools/processes.ts";
import { runToEnd } from "#lib/tools/run-to-end.ts";

export interface CommandOrder {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly timeoutMs: number;
  readonly partialStatuses: readonly number[];
  /** An exit status of a program that found itself running already. */
  readonly busyStatus: number | undefined;
}

export interface CommandWatch {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** A backup that is told to end may have to start what it stopped. */
const graceMs = 45_000;
const linesShown = 10;

/** Run a program as a step of a stage. It bears no mark of our run: should we be killed, it goes on as a unit would. */
export async function runCommand(watch: CommandWatch, order: CommandOrder): Promise<StepResult> {
  const { clock, signal } = watch;
  const { name, command, timeoutMs } = order;
  const beganMs = clock.monotonicMs();
  const startedAt = clock.now().toISOString();
  const env = { ...watch.environment, [runMark]: "" };
  const { exitCode, cut, output } = await runToEnd({ command, env, timeoutMs, graceMs, signal });
  const judged = judge(order, exitCode, cut);
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  return {
    name,
    ...judged,
    startedAt,
    durationMs: clock.monotonicMs() - beganMs,
    exitStatus: exitCode ?? undefined,
    lastLines: judged.verdict === "success" ? [] : lines.slice(-linesShown),
  };
}

function judge(
  { timeoutMs, partialStatuses, busyStatus }: CommandOrder,
  exitCode: number | null,
  cut: "late" | "aborted" | undefined,
): Pick<StepResult, "verdict" | "reason" | "message"> {
  if (cut === "late") {
    return {
      verdict: "timeout",
      reason: "timeout",
      message: `timed out after ${timeoutMs / 1000}s; stopped`,
    };
  }
  if (cut === "aborted") return { verdict: "stopped", reason: "stopped", message: "stopped" };
  if (exitCode === 0) return { verdict: "success", reason: "success", message: "success" };
  if (exitCode === null)
    return { verdict: "failed", reason: "signal", message: "could not be run, or was killed" };
  if (exitCode === busyStatus)
    return { verdict: "skipped", reason: "already-running", message: "already running" };
  if (partialStatuses.includes(exitCode)) {
    return {
      verdict: "partial",
      reason: "partial",
      message: `ended with status ${exitCode}: its backup lacks something`,
    };
  }
  return {
    verdict: "failed",
    reason: "exit-code",
    message: `failed with result: exit-code (status ${exitCode})`,
  };
}
