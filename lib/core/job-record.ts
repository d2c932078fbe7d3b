/** What the state directory of a job says of it: written by its runs, read by whoever asks how the job is. */
import type { HealthMemory } from "#lib/core/health-memory.ts";
import type { History } from "#lib/core/run-history.ts";
import type { SetPlaces } from "#lib/core/set-places.ts";

export interface JobRecord {
  readonly history: History;
  /** Undefined before the first run. */
  readonly lastRun: LastRun | undefined;
  /** Path of the newest set, whichever run made it. */
  readonly lastSet: string | undefined;
  readonly lastCompleteAt: string | undefined;
  readonly places: SetPlaces;
  readonly lock: LockRecord;
  /** The run whose journal is still there. */
  readonly journal: JournalRecord | undefined;
  readonly outbox: Waiting;
  /** Channels that did not take the last message. */
  readonly failedChannels: readonly FailedChannel[];
  /** What waits for each store, by its name. */
  readonly uploads: Readonly<Record<string, Waiting>>;
  /** The last verification of any copy after it had been made. */
  readonly verification: Proof | undefined;
  readonly drill: Proof | undefined;
  readonly memory: HealthMemory;
  /** What of all this cannot be read. */
  readonly problems: readonly string[];
}

interface LastRun {
  readonly runId: string;
  readonly outcome: string;
  readonly endedAt: string;
}

export interface LockRecord {
  readonly isHeld: boolean;
  /** Of a holder that wrote its name into the file. */
  readonly holder: { readonly script: string; readonly pid: number; readonly startedAt: string } | undefined;
}

interface JournalRecord {
  readonly script: string;
  readonly startedAt: string;
}

export interface Waiting {
  readonly count: number;
  /** ISO 8601. */
  readonly oldestAt: string | undefined;
}

export interface FailedChannel {
  readonly name: string;
  readonly at: string;
  readonly error: string;
}

/** That a copy was looked at again, and what was found. */
export interface Proof {
  readonly at: string;
  readonly isGood: boolean;
  readonly problems: readonly string[];
}
