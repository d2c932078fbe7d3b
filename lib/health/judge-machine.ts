/** What is nobody's in particular: that there is no job, and entries of the schedule that come to nothing. */
import { dirname } from "node:path";
import type { CheckedJob, HealthFinding } from "#lib/core/health.ts";
import { configOf, placeOf, type ScheduleEntry } from "#lib/core/schedule-entry.ts";
import type { MachineFacts } from "#lib/health/gather-facts.ts";

/** All of its configurations are known. */
const configDirectory = "/etc/lastgood";

export function judgeMachine(
  jobs: readonly Pick<CheckedJob<unknown>, "config">[],
  facts: Pick<MachineFacts, "entries" | "schedule" | "scheduleProblems">,
): readonly HealthFinding[] {
  const ignored = facts.schedule?.ignored ?? [];
  return [
    ...judgeCount(jobs),
    ...judgeLost(jobs, facts),
    ...judgeUnwatched(jobs, facts),
    ...ignored.map((entry) => ({
      name: `ignored entry ${placeOf(entry)}`,
      severity: "warning" as const,
      message: `${placeOf(entry)} never starts: ${entry.flaw}`,
      hint: "See schedule show",
    })),
    ...facts.scheduleProblems.map(judgeProblem),
  ];
}

/** A name of its own for each, so that a second one is news; what it begins with, since both are told as one sentence. */
function judgeProblem(problem: string): HealthFinding {
  const [, name = "schedule", message = problem] = /^(.+?): (.+)$/s.exec(problem) ?? [];
  return { name, severity: "warning", message, hint: "See schedule show" };
}

/** No job at all is what a machine looks like of which somebody believes that it is backed up. */
function judgeCount({ length }: readonly unknown[]): readonly HealthFinding[] {
  if (length > 0) return [];
  const hint = "Make a configuration: backup-run --print-config > /etc/lastgood/backup.env";
  return [{ name: "jobs", severity: "critical", message: "There is no job on this machine", hint }];
}

/** A job whose configuration was renamed or removed is no job any more, and nothing else would tell that its backup fails. */
function judgeLost(
  jobs: readonly Pick<CheckedJob<unknown>, "config">[],
  { entries }: Pick<MachineFacts, "entries">,
): readonly HealthFinding[] {
  return entries.flatMap((entry) => {
    const config = configOf(entry);
    if (entry.flaw !== undefined || entry.backup.role !== "backup" || config === undefined) return [];
    if (dirname(config) !== configDirectory || jobs.some((job) => job.config === config)) return [];
    return [
      {
        name: `entry ${placeOf(entry)}`,
        severity: "critical" as const,
        message: `${placeOf(entry)} starts a backup of "${config}", and there is no such configuration`,
        hint: "Put it back, or take the entry away",
      },
    ];
  });
}

/** Their configurations may name programs, so nobody else reads them: whether theirs are well only a check of their own can tell. */
function judgeUnwatched(
  jobs: readonly Pick<CheckedJob<unknown>, "config">[],
  { entries }: Pick<MachineFacts, "entries">,
): readonly HealthFinding[] {
  const live = entries.filter(
    ({ flaw, user }) => flaw === undefined && user !== undefined && user !== "root",
  );
  const watched = live.filter(({ backup }) => /^health-check(?:\.ts)?$/.test(backup.program));
  const isWatched = ({ user }: ScheduleEntry) => watched.some((check) => check.user === user);
  const unwatched = live.filter((entry) => {
    const config = configOf(entry);
    if (entry.backup.role !== "backup" || config === undefined || isWatched(entry)) return false;
    return !jobs.some((job) => job.config === config);
  });
  return [...Map.groupBy(unwatched, ({ user }) => user)].map(([user, theirs]) => ({
    name: `jobs of ${user}`,
    severity: "warning",
    message: `Nothing checks whether the backups of ${user} work: ${theirs.map(placeOf).join(", ")}`,
    hint: `Have ${user} start health-check as well: "*/30 * * * * … health-check.ts --quiet" by crontab -e`,
  }));
}
