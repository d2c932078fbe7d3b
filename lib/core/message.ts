/** A report as a channel gets it. */
import type { Outcome, Severity } from "#lib/core/outcome.ts";

export interface Message {
  /** Same for every channel and every attempt, so that a receiver can recognise a repetition. */
  readonly id: string;
  readonly runId: string;
  readonly host: string;
  readonly job: string;
  readonly script: string;
  readonly outcome: Outcome;
  readonly exitCode: number;
  readonly severity: Severity;
  readonly critical: boolean;
  /** ISO 8601 with offset. */
  readonly createdAt: string;
  /** `[FAILED] backup-run app on web1`. */
  readonly subject: string;
  /** The whole report for a person, plain text, already redacted. */
  readonly body: string;
  /** The `--json` report. */
  readonly reportJson: string;
}
