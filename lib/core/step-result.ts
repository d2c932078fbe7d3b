/** How one step of a stage ended: a unit, a job of ours or a command. */

export type StepVerdict = "success" | "partial" | "failed" | "timeout" | "skipped" | "stopped";

export interface StepResult {
  /** Name of the unit, the job or the command. */
  readonly name: string;
  readonly verdict: StepVerdict;
  /** One word for programs: `success`, `exit-code`, `already-running`, `condition`, `not-found`, … */
  readonly reason: string;
  /** One sentence after the name. */
  readonly message: string;
  /** ISO 8601; absent when it never began. */
  readonly startedAt?: string | undefined;
  readonly durationMs: number;
  readonly invocationId?: string | undefined;
  readonly exitStatus?: number | undefined;
  /** The last lines that it said, if it did not end well. */
  readonly lastLines: readonly string[];
}
