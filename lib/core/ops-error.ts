import type { Outcome, SignalName } from "#lib/core/outcome.ts";

interface OpsErrorDetails {
  readonly outcome: Outcome;
  readonly hint?: string | undefined;
  readonly signal?: SignalName | undefined;
  readonly problems?: readonly string[] | undefined;
  readonly cause?: unknown;
}

/**
 * A foreseen failure: what could not be done, how the run ends because of it, and what an admin can do.
 *
 * Every other error that reaches the door is a bug and ends as one.
 */
export class OpsError extends Error {
  readonly outcome: Outcome;
  readonly hint: string | undefined;
  readonly signal: SignalName | undefined;
  /** All problems where one action met several, each a line of its own. */
  readonly problems: readonly string[];

  constructor(message: string, details: OpsErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "OpsError";
    this.outcome = details.outcome;
    this.hint = details.hint;
    this.signal = details.signal;
    this.problems = details.problems ?? [];
  }
}

/** One line for an error of any kind: its message, then those of its causes and of its members. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const parts = [error.message || error.name];
  if (error instanceof AggregateError) parts.push(...error.errors.map(describeError));
  if (error.cause !== undefined) parts.push(describeError(error.cause));
  return parts.join(": ");
}

/**
 * Whether an error is a foreseen failure or one of the system (`ENOSPC`), which may strike anywhere, and so no bug.
 *
 * Codes such as `ERR_INVALID_ARG_TYPE` are the runtime's own: a wrong argument, something closed too early.
 */
export function isForeseen(error: unknown): boolean {
  return error instanceof OpsError || /^E[A-Z0-9]+$/.test(errorCode(error) ?? "");
}

/** The system's code of an error (`ENOENT`, `EACCES`), if it carries one. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
