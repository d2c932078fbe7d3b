/** What each finder of entries looks like. */
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import type { JudgedAt } from "#lib/core/schedule-judgement.ts";
import type { Machine } from "#lib/cron/machine.ts";

export interface Search {
  readonly machine: Machine;
  /** When the next starts are counted from, and in which zone. */
  readonly at: JudgedAt;
  /** Whether the machine knows a user. */
  readonly users: (name: string) => Promise<boolean>;
  /** Called with what stands in the way of a whole answer. */
  readonly tell: (problem: string) => void;
}

/** Entries of one kind. Throws OpsError when none of its files can be read. */
export type Finder = (search: Search) => Promise<readonly ScheduleEntry[]>;
