/** What is to be installed for a job, and once for the host: the values that cron.d files, units and logrotate file are made of. */
import type { CronExpression } from "#lib/core/cron-expression.ts";

/** How a script is called, wherever it stands in a schedule. */
interface Program {
  /** Program and arguments that run a script. */
  readonly launcher: readonly [string, ...string[]];
  /** Absolute path of the directory of the scripts. */
  readonly scripts: string;
}

interface Timed {
  readonly expression: CronExpression;
  /** Spread over so many minutes by systemd, for files that are the same on every host. */
  readonly delayMinutes: number | undefined;
}

export interface SchedulePlan extends Program, Timed {
  readonly job: string;
  /** When a restore is drilled; undefined when nothing of ours is to do it. */
  readonly drill: CronExpression | undefined;
  readonly logFile: string;
  readonly runTimeoutMs: number;
  readonly busyExit: number;
}

/** The health check, one for all jobs of a host. */
export interface HealthPlan extends Program, Timed {}

/** The search path of what starts by itself: with what an admin installed, before what Debian did. */
export const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The line by which a file is known as written here. */
export const ownershipMark = "Written by `schedule install`, taken away by `schedule remove`";

/** Whether a file was written here, for this job: two names of jobs may lead to one path. */
export function isOwnText(text: string, job: string): boolean {
  return text.includes(ownershipMark) && text.includes(`job "${job}"`);
}

const scheduled = {
  "backup-run": ["backup-run.ts"],
  recover: ["recover.ts"],
  drill: ["restore.ts", "drill"],
} as const;

/** The command of a script for the plan's job, as words. */
export function commandOf(
  { launcher, scripts, job }: SchedulePlan,
  what: keyof typeof scheduled,
): readonly string[] {
  const [script, ...words] = scheduled[what];
  const config = job === "backup" ? [] : ["--config", job];
  return [...launcher, `${scripts}/${script}`, ...words, ...config];
}

/** Silent unless it has news. */
export function healthCommandOf({ launcher, scripts }: HealthPlan): readonly string[] {
  return [...launcher, `${scripts}/health-check.ts`, "--quiet"];
}

export function configPathOf(job: string): string {
  return `/etc/lastgood/${job}.env`;
}

/** A dot would hide the file from cron. */
export function cronPathOf(job: string): string {
  return `/etc/cron.d/lastgood-${job.replaceAll(".", "_")}`;
}

export function unitNamesOf(job: string) {
  return {
    service: `lastgood-${job}.service`,
    timer: `lastgood-${job}.timer`,
    recovery: `lastgood-recover-${job}.service`,
    drill: `lastgood-drill-${job}.service`,
    drillTimer: `lastgood-drill-${job}.timer`,
  } as const;
}

export const unitDirectory = "/etc/systemd/system";

export const healthCronPath = "/etc/cron.d/lastgood-health";
export const healthUnits = { service: "lastgood-health.service", timer: "lastgood-health.timer" } as const;

/** The words by which a file is known as that of the health check. */
export const healthMark = "every job in /etc/lastgood";

export function isOwnHealthText(text: string): boolean {
  return text.includes(ownershipMark) && text.includes(healthMark);
}

export function logrotatePathOf(job: string): string {
  return `/etc/logrotate.d/lastgood-${job}`;
}
