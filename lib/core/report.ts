/** What a run has to say at its end: one value, rendered as JSON, log line, subject and body. */
import type { Outcome, PartOutcome, SignalName } from "#lib/core/outcome.ts";

/** One line of a preflight: what was looked at and what was found. */
export interface Finding {
  readonly name: string;
  readonly passed: boolean;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** How one source, copy or store of a run ended. */
export interface PartReport {
  readonly kind: "source" | "restart" | "copy" | "store" | "retention" | "unit";
  readonly name: string;
  readonly outcome: PartOutcome;
  /** One sentence with the figures. */
  readonly message: string;
  /** Made, but maybe not what it should be: the subject names it. */
  readonly isDoubtful?: boolean | undefined;
  readonly bytesIn?: number | undefined;
  readonly bytesOut?: number | undefined;
  readonly entries?: number | undefined;
  /** How long what was stopped for it did not answer. */
  readonly windowSeconds?: number | undefined;
  /** When the certificate ends that the store shows, ISO 8601. */
  readonly certificateUntil?: string | undefined;
}

export interface Report {
  /** Version of this shape; fields are only ever added. */
  readonly schema: 1;
  readonly script: string;
  readonly job: string;
  readonly host: string;
  readonly runId: string;
  readonly version: string;
  readonly outcome: Outcome;
  /** Stands in the subject where the outcome would not say it: "RECOVERED". */
  readonly tag?: string | undefined;
  readonly exitCode: number;
  readonly signal?: SignalName | undefined;
  readonly dryRun: boolean;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly durationSeconds: number;
  /** One sentence: what happened. */
  readonly headline: string;
  readonly hint?: string | undefined;
  /** Ignores NOTIFY_ON: a person is needed now. */
  readonly critical: boolean;
  /** Every problem, worst first; empty when complete. */
  readonly problems: readonly string[];
  /** Worth saying, changes no outcome. */
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
  readonly parts: readonly PartReport[];
  /** Directory of the set that was made, in the first destination. */
  readonly set?: string | undefined;
  /** Keys that the script's own users expect: beside the others in JSON, and nowhere else. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** What was chosen of the job's sources; absent: all of them. */
  readonly selection?: readonly string[] | undefined;
  readonly logFile?: string | undefined;
  /** The last lines of this run's log, oldest first. */
  readonly logTail: readonly string[];
}

/** The report as programs get it; `exit_code` is the name that users of `details` know. */
export function formatReportJson({ details, ...report }: Partial<Report>, indent?: number): string {
  const own = details === undefined ? {} : { ...details, exit_code: report.exitCode };
  return JSON.stringify({ ...report, ...own }, null, indent);
}
