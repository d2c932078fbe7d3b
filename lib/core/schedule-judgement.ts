/**
 * What is wrong with the entries of a machine: a job that starts from two places, one that never starts, entries that
 * are passed over, different backups that start at the same moment.
 *
 * Two lines of one file that start the same at different times are a schedule. Two files that start the same are not,
 * whatever their times: nobody who changes one knows of the other.
 */
import { nextStarts } from "#lib/core/cron-times.ts";
import { configOf, placeOf, type ScheduleEntry } from "#lib/core/schedule-entry.ts";

/** A configuration on the machine. */
export interface ScheduledJob {
  readonly name: string;
  /** Absolute path. */
  readonly config: string;
  readonly lockFile: string | undefined;
}

export interface Clash {
  /** What is started: `job shop`, `backup-run.sh`. */
  readonly what: string;
  readonly entries: readonly ScheduleEntry[];
  /** The next moments at which more than one of them starts. */
  readonly together: readonly Date[];
}

export interface ScheduleJudgement {
  readonly duplicates: readonly Clash[];
  /** Different backups with a start in common. */
  readonly overlaps: readonly Clash[];
  /** Jobs that nothing starts. */
  readonly unscheduled: readonly ScheduledJob[];
  /** Entries that never start, though they look as if. */
  readonly ignored: readonly ScheduleEntry[];
}

export interface JudgedAt {
  readonly now: Date;
  readonly timeZone: string;
}

/** As many starts are compared: a week of an hourly entry, half a year of a daily one. */
const comparedStarts = 200;

export function judgeSchedule(
  entries: readonly ScheduleEntry[],
  jobs: readonly ScheduledJob[],
  at: JudgedAt,
): ScheduleJudgement {
  const live = entries.filter(({ flaw, backup }) => flaw === undefined && backup.role !== "recovery");
  const groups = new Map<string, ScheduleEntry[]>();
  for (const entry of live) {
    for (const what of subjectsOf(entry, jobs)) groups.set(what, [...(groups.get(what) ?? []), entry]);
  }
  const known = new Map<ScheduleEntry, readonly number[]>();
  const startsOfEntry = (entry: ScheduleEntry) => {
    const starts = known.get(entry) ?? startsOf(entry, at);
    known.set(entry, starts);
    return starts;
  };
  const clash = (what: string, members: readonly ScheduleEntry[]): Clash => {
    const meeting = members.filter((one) => members.some((other) => one !== other && mayMeet(one, other)));
    return { what, entries: members, together: commonStarts(meeting.map(startsOfEntry)) };
  };
  const duplicates = [...groups]
    .map(([what, members]) => clash(what, members))
    .filter(
      ({ entries: members, together }) =>
        isFromTwoPlaces(members) || (together.length > 0 && isBackup(members)),
    );
  return {
    duplicates,
    overlaps: findOverlaps(live, duplicates, clash),
    unscheduled: jobs.filter(({ name }) => !groups.has(nameJob(name))),
    ignored: entries.filter(({ flaw, backup }) => flaw !== undefined && backup.role !== "foreign"),
  };
}

/** What an entry starts. A legacy script stands for each job of ours that takes its lock as well. */
function subjectsOf(entry: ScheduleEntry, jobs: readonly ScheduledJob[]): readonly string[] {
  const { role, config, lockFile, identity } = entry.backup;
  if (role === "check") return [identity];
  if (config !== undefined) {
    const file = configOf(entry);
    const job = jobs.find((one) => one.config === file);
    return [job === undefined ? (file ?? config) : nameJob(job.name)];
  }
  const replacing = lockFile === undefined ? [] : jobs.filter((job) => isSameLock(job.lockFile, lockFile));
  return replacing.length === 0 ? [identity] : replacing.map(({ name }) => nameJob(name));
}

/** What would start a job beside its own schedule, or put such an entry back: live entries of the same backup. */
export function findRivals(entries: readonly ScheduleEntry[], job: ScheduledJob): readonly ScheduleEntry[] {
  return entries.filter((entry) => {
    if (entry.flaw !== undefined) return false;
    const { role, lockFile } = entry.backup;
    if (role === "check") return isSameLock(lockFile, job.lockFile);
    return role === "backup" && subjectsOf(entry, [job]).includes(nameJob(job.name));
  });
}

const nameJob = (name: string) => `job ${name}`;

/** `/var/run` and `/var/lock` are other names of `/run` and `/run/lock`. */
function isSameLock(one: string | undefined, other: string | undefined): boolean {
  const plain = (path: string) =>
    path.replace(/^\/var\/(run|lock)\//, (_whole, name) => (name === "run" ? "/run/" : "/run/lock/"));
  return one !== undefined && other !== undefined && plain(one) === plain(other);
}

/** Checks of several kinds may well meet. */
function isBackup(members: readonly ScheduleEntry[]): boolean {
  return members.some(({ backup }) => backup.role !== "check");
}

function isFromTwoPlaces(members: readonly ScheduleEntry[]): boolean {
  const written = new Set(members.map((entry) => `${entry.file}\n${entry.when}`));
  return new Set(members.map(({ file }) => file)).size > 1 || written.size < members.length;
}

/** The coming starts, in milliseconds; empty where only systemd or anacron could tell. */
function startsOf({ timings }: ScheduleEntry, { now, timeZone }: JudgedAt): readonly number[] {
  return timings.flatMap((timing) => {
    if (timing.kind === "calendar") return timing.next.map((start) => start.getTime());
    if (timing.kind !== "cron") return [];
    return nextStarts(timing.expression, now, timeZone, comparedStarts).map((start) => start.getTime());
  });
}

/** Starts are slow to count: entries that have no minute of the day in common are told apart without. */
function mayMeet(one: ScheduleEntry, other: ScheduleEntry): boolean {
  const isShared = (a: readonly number[], b: readonly number[]) => a.some((value) => b.includes(value));
  return one.timings.some((a) =>
    other.timings.some((b) => {
      if (a.kind !== "cron" || b.kind !== "cron") return true;
      return (
        isShared(a.expression.minutes, b.expression.minutes) &&
        isShared(a.expression.hours, b.expression.hours)
      );
    }),
  );
}

function commonStarts(lists: readonly (readonly number[])[]): readonly Date[] {
  const counts = new Map<number, number>();
  for (const start of lists.flatMap((list) => [...new Set(list)]))
    counts.set(start, (counts.get(start) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(([start]) => start)
    .sort((a, b) => a - b)
    .slice(0, 3)
    .map((start) => new Date(start));
}

/** Pairs of different backups that load the machine at the same moment; duplicates are told of as such. */
function findOverlaps(
  live: readonly ScheduleEntry[],
  duplicates: readonly Clash[],
  clash: (what: string, members: readonly ScheduleEntry[]) => Clash,
): readonly Clash[] {
  const backups = live.filter(({ backup }) => backup.role === "backup" || backup.role === "foreign");
  const isDuplicate = (one: ScheduleEntry, other: ScheduleEntry) =>
    duplicates.some(({ entries }) => entries.includes(one) && entries.includes(other));
  return backups.flatMap((one, index) =>
    backups
      .slice(index + 1)
      .filter((other) => !isDuplicate(one, other))
      .map((other) => clash(`${placeOf(one)} and ${placeOf(other)}`, [one, other]))
      .filter(({ together }) => together.length > 0),
  );
}
