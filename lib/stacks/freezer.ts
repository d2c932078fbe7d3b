/** What holds the data of one stack still, so that the stack runs again while it is archived. */
import type { Clock, Exec } from "#lib/core/deps.ts";
import type { FreezeMeasurement, FreezeStrategy } from "#lib/core/freeze.ts";
import type { UndoJournal } from "#lib/core/run-context.ts";

export interface FrozenRoot {
  /** Absolute, without symlinks: the name under which it is archived. */
  readonly original: string;
  /** Where to read it; `original` itself when the stack must stay stopped. */
  readonly frozen: string;
}

export interface Frozen {
  readonly roots: readonly FrozenRoot[];
  /** What it came to: not always what was planned. */
  readonly strategy: FreezeStrategy;
  /** Start the stack only when the roots have been read. */
  readonly mustStayStopped: boolean;
  /** What differs from the plan, and why. */
  readonly notes: readonly string[];
  /** For the facts of the component; undefined when the stack stays stopped: then it is known when the archive is written. */
  readonly measured: FreezeMeasurement | undefined;
}

export interface Freezer {
  /** While the stack still runs: whatever shortens the window. Takes as long as a copy of the data. */
  readonly prepare: () => Promise<void>;
  /** In the window. Throws OpsError "failed" when data is gone. */
  readonly freeze: () => Promise<Frozen>;
  /**
   * Remove whatever was made, at any time, whatever went before; resolves to what could not be removed, a line each: it stays in the
   * journal. Never rejects and heeds no signal.
   */
  readonly release: () => Promise<readonly string[]>;
}

export interface FreezeAccess {
  readonly exec: Exec;
  readonly clock: Clock;
  /** Everything under way ends when it is aborted: by the run, or by the limit of the window. `release` goes on. */
  readonly signal: AbortSignal;
  readonly journal: UndoJournal;
  readonly runId: string;
  /** Name of the stack: a part of the names of what is made. */
  readonly stack: string;
  /** Environment of children. */
  readonly env: Readonly<Record<string, string>>;
  /** For one question to a file system, for one snapshot. */
  readonly timeoutMs: number;
  /** What will not be archived, by patterns of tar, need not be copied. */
  readonly excludes: readonly string[];
  /** A copy that has not moved for so long is stuck. */
  readonly stallMs: number;
}
