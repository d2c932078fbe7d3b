/**
 * How a run can end, and the one table that maps an ending to an exit code.
 *
 * 0 to 3 are also the codes of a Nagios plugin; 64 and above follow sysexits.h, so systemd's SuccessExitStatus= knows
 * them by name; 128+n is what a shell reports of a process ended by signal n.
 */

export type Outcome =
  | "complete"
  | "partial"
  | "failed"
  | "bug"
  | "usage"
  | "busy"
  | "denied"
  | "config"
  | "interrupted";

export type SignalName = "SIGHUP" | "SIGINT" | "SIGTERM";

interface OutcomeFacts {
  readonly exitCode: number;
  readonly tag: string;
  readonly meaning: string;
}

/** Facts of each outcome: exit code, the word in a subject line, and the line that README and --help show. */
export const outcomeFacts: Readonly<Record<Outcome, OutcomeFacts>> = {
  complete: { exitCode: 0, tag: "OK", meaning: "everything asked for was done and verified" },
  partial: { exitCode: 1, tag: "PARTIAL", meaning: "a usable result that lacks something" },
  failed: { exitCode: 2, tag: "FAILED", meaning: "no usable result, or refused before anything was written" },
  bug: { exitCode: 3, tag: "BUG", meaning: "an error nobody foresaw; its stack is in the log" },
  usage: { exitCode: 64, tag: "USAGE", meaning: "bad command line; nothing was touched" },
  busy: {
    exitCode: 75,
    tag: "BUSY",
    meaning: "another run holds the lock (LOCK_BUSY_EXIT sets another number)",
  },
  denied: {
    exitCode: 77,
    tag: "DENIED",
    meaning: "not allowed: not root, or a file that others may read or write",
  },
  config: { exitCode: 78, tag: "CONFIG", meaning: "the configuration is invalid; every problem is listed" },
  interrupted: { exitCode: 128, tag: "INTERRUPTED", meaning: "ended by signal n, after cleaning up" },
};

const signalNumbers: Readonly<Record<SignalName, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/** Exit code of an outcome; a signal adds its number, a busy lock may have a number of its own. */
export function exitCodeOf(
  outcome: Outcome,
  details: { readonly signal?: SignalName | undefined; readonly busyExit?: number | undefined } = {},
): number {
  if (outcome === "interrupted") return 128 + (details.signal ? signalNumbers[details.signal] : 0);
  if (outcome === "busy" && details.busyExit !== undefined) return details.busyExit;
  return outcomeFacts[outcome].exitCode;
}

/** What a part of a run (a source, a store) can end as. */
export type PartOutcome = "complete" | "partial" | "failed";

/**
 * The outcome of a run from the outcomes of its parts.
 *
 * Nothing selected is a failure, not a success. A failed part among others leaves something usable: partial. When no
 * part is usable the run failed.
 */
export function combineOutcomes(parts: readonly PartOutcome[]): PartOutcome {
  if (parts.every((part) => part === "failed")) return "failed";
  return parts.every((part) => part === "complete") ? "complete" : "partial";
}

export type Severity = "ok" | "warning" | "critical" | "unknown";

/** How loud an outcome is to a monitor; busy is neither success nor failure and says nothing. */
export function severityOf(outcome: Outcome): Severity | undefined {
  if (outcome === "busy") return undefined;
  if (outcome === "complete") return "ok";
  if (outcome === "partial") return "warning";
  return outcome === "bug" ? "unknown" : "critical";
}
