/** Every entry of a machine that would start a backup. Reads files only; changes nothing. */
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import type { JudgedAt } from "#lib/core/schedule-judgement.ts";
import { findSystemCrontabs, findUserCrontabs } from "#lib/cron/crontabs.ts";
import type { Finder } from "#lib/cron/finder.ts";
import { describeFile, type Machine } from "#lib/cron/machine.ts";
import { findAnacronLines, findPeriodicScripts } from "#lib/cron/periodic.ts";
import { findSystemUnits, findUserUnits } from "#lib/cron/timers.ts";
import { createUserLookup } from "#lib/cron/users.ts";

export interface FoundEntries {
  readonly entries: readonly ScheduleEntry[];
  /** What could not be read, or does not mean what it seems to. */
  readonly problems: readonly string[];
}

const finders: readonly Finder[] = [
  findSystemCrontabs,
  findUserCrontabs,
  findPeriodicScripts,
  findAnacronLines,
  findSystemUnits,
  findUserUnits,
];

/** What cannot be read is a problem of its own; the rest is found all the same. */
export async function findEntries(machine: Machine, at: JudgedAt): Promise<FoundEntries> {
  const problems: string[] = [];
  const tell = (problem: string) => {
    if (!problems.includes(problem)) problems.push(problem);
  };
  const search = { machine, at, tell, users: await createUserLookup(machine) };
  const found = await Promise.all(
    finders.map(async (find) => {
      try {
        return await find(search);
      } catch (error) {
        if (!(error instanceof OpsError)) throw error;
        tell(describeError(error));
        return [];
      }
    }),
  );
  const entries = found.flat();
  const byCron = entries.filter(
    ({ source }) => source !== "timer" && source !== "service" && source !== "anacron",
  );
  if (byCron.length > 0 && !(await hasCron(machine))) {
    tell("Cron is not installed: nothing in its files starts");
  }
  return { entries, problems };
}

async function hasCron(machine: Machine): Promise<boolean> {
  const programs = [
    "/usr/sbin/cron",
    "/usr/sbin/crond",
    "/usr/bin/crond",
    "/usr/lib/systemd/system-generators/systemd-crontab-generator",
  ];
  const found = await Promise.all(programs.map((program) => describeFile(machine, program)));
  return found.some((program) => program !== undefined);
}
