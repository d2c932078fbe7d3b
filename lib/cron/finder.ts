/** What each finder of entries looks like. */
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import type { JudgedAt } from "#lib/core/schedule-judgement.ts";
import type { Listed, Look, Machine, Place, ReadFile } from "#lib/cron/machine.ts";
import type { MachineUser } from "#lib/cron/users.ts";

export interface Search {
  readonly machine: Machine;
  /** When the next starts are counted from, and in which zone. */
  readonly at: JudgedAt | Promise<JudgedAt>;
  /** What lies at the places of all finders. */
  readonly look: Look;
  /** The texts of files; what is asked for at the same time is read by one child. */
  readonly read: (files: readonly Listed[]) => Promise<readonly ReadFile[]>;
  /** Timers and crons that run now, where systemd could be asked. */
  readonly active: Promise<ReadonlySet<string> | undefined>;
  readonly users: Promise<readonly MachineUser[]>;
  /** Called with what stands in the way of a whole answer. */
  readonly tell: (problem: string) => void;
}

/** Entries of one kind. */
export interface Finder {
  /** What it has to look at, on every machine. */
  readonly places: readonly Place[];
  /** Throws OpsError when none of its files can be read. */
  readonly find: (search: Search) => Promise<readonly ScheduleEntry[]>;
}
