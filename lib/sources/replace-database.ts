/** What a server needs to put one database in the place of another, the same for every kind of server. */
import { OpsError } from "#lib/core/ops-error.ts";
import type { DatabaseSwap } from "#lib/core/undo.ts";

/** What a restore has to know about a database before it replaces it. */
export interface PresentDatabase {
  readonly isThere: boolean;
  /** Why it cannot be replaced, whatever is done. */
  readonly obstacles: readonly string[];
  /** Where its server keeps its data; undefined when it does not say. */
  readonly freeBytes: number | undefined;
  /** Who may use it without being seen; undefined when nobody can. */
  readonly unseen: string | undefined;
  /** Of how it was made: for what takes its place as well. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface DatabaseReplacer {
  /** Throws OpsError "failed" in the server's own words. */
  readonly look: () => Promise<PresentDatabase>;
  /** Who else is connected with it: each a line. */
  readonly findUsers: () => Promise<readonly string[]>;
  /** What is written down before `swap`: the entry, with what the swap drops for a moment. */
  readonly prepare: (entry: DatabaseSwap) => Promise<DatabaseSwap>;
  /** `events` came disabled, and run from then on. Throws OpsError "failed"; then it is to be undone. Heeds no signal. */
  readonly swap: (entry: DatabaseSwap, events: readonly string[]) => Promise<void>;
  /** Put right what was left in the middle; resolves to notes on what was done. Safe to repeat. */
  readonly undo: (entry: DatabaseSwap) => Promise<readonly string[]>;
  /** Commands that take what is kept away, and that bring it back. */
  readonly describeKept: (entry: DatabaseSwap) => readonly string[];
}

/** Notes on a swap that was looked at, the same words for every kind of server. */
export function describeFound(
  { target, aside, wasThere }: DatabaseSwap,
  found: "replaced" | "back" | "untouched",
): string {
  if (found === "back") return `Put back what was to be replaced: database "${target}"`;
  if (found === "untouched") return `As it was: database "${target}"`;
  return `Replaced as a whole: database "${target}"; ${wasThere ? `what was before is "${aside}"` : "there was none before"}`;
}

/** What was half restored, and is no more. */
export function describeRemoved({ incoming }: DatabaseSwap): string {
  return `Removed what was half restored: database "${incoming}"`;
}

/** An OpsError "failed" that says whom to ask. */
export function describeUse(database: string, users: readonly string[], cause?: unknown): OpsError {
  return new OpsError(`The database "${database}" is in use: ${users.join("; ")}`, {
    outcome: "failed",
    hint: "Stop the application that is connected, then try again; nothing was replaced",
    cause,
  });
}
