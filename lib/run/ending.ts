/** How a run ended, before it is a report: from a result, or from whatever was thrown. */

import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { exitCodeOf, type Outcome, type SignalName } from "#lib/core/outcome.ts";
import type { Report } from "#lib/core/report.ts";
import type { RunResult } from "#lib/core/run-context.ts";

export interface Ending extends Omit<RunResult, "outcome"> {
  readonly outcome: Outcome;
  readonly signal?: SignalName | undefined;
}

const nothingMade = { problems: [], notes: [], findings: [], parts: [] } as const;

/** The ending that an error means: its own outcome if it was foreseen, a bug with its stack if not. */
export function endingOfError(error: unknown, known: Partial<Ending> = {}): Ending {
  if (error instanceof OpsError) {
    return {
      ...nothingMade,
      ...known,
      outcome: error.outcome,
      signal: error.signal,
      headline: describeError(error),
      hint: error.hint,
      problems: error.problems.length > 1 ? error.problems : (known.problems ?? []),
    };
  }
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  return {
    ...nothingMade,
    ...known,
    outcome: "bug",
    headline: `Unforeseen error: ${describeError(error)}`,
    hint: "Please report this with the stack below",
    problems: stack === "" ? [] : [stack],
  };
}

interface ReportFacts {
  readonly script: string;
  readonly job: string;
  readonly host: string;
  readonly runId: string;
  readonly version: string;
  readonly isDryRun: boolean;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly busyExit: number | undefined;
  readonly extraNotes: readonly string[];
  readonly logFile: string | undefined;
  readonly logTail: readonly string[];
  readonly redact: (text: string) => string;
}

/** The report of an ending; every text in it is masked. */
export function buildReport(ending: Ending, facts: ReportFacts): Report {
  const { redact } = facts;
  return {
    schema: 1,
    script: facts.script,
    job: facts.job,
    host: facts.host,
    runId: facts.runId,
    version: facts.version,
    outcome: ending.outcome,
    exitCode: exitCodeOf(ending.outcome, { signal: ending.signal, busyExit: facts.busyExit }),
    signal: ending.signal,
    dryRun: facts.isDryRun,
    startedAt: facts.startedAt.toISOString(),
    endedAt: facts.endedAt.toISOString(),
    durationSeconds: Math.round(facts.endedAt.getTime() - facts.startedAt.getTime()) / 1000,
    headline: redact(ending.headline),
    hint: ending.hint === undefined ? undefined : redact(ending.hint),
    critical: ending.critical ?? false,
    problems: ending.problems.map(redact),
    notes: [...ending.notes, ...facts.extraNotes].map(redact),
    findings: ending.findings.map((finding) => ({ ...finding, message: redact(finding.message) })),
    parts: ending.parts.map((part) => ({ ...part, message: redact(part.message) })),
    set: ending.set,
    selection: ending.selection,
    details: ending.details,
    logFile: facts.logFile,
    logTail: facts.logTail,
  };
}
