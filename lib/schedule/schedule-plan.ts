/** What is to be installed for a job: the values that cron.d file, units and logrotate file are made of. */
import type { CronExpression } from "#lib/core/cron-expression.ts";

export interface SchedulePlan {
  readonly job: string;
  readonly expression: CronExpression;
  /** Spread over so many minutes by systemd, for files that are the same on every host. */
  readonly delayMinutes: number | undefined;
  /** Program and arguments that run a script. */
  readonly launcher: readonly [string, ...string[]];
  /** Absolute path of the directory of the scripts. */
  readonly scripts: string;
  readonly logFile: string;
  readonly runTimeoutMs: number;
  readonly busyExit: number;
}

/** The search path of what starts by itself: with what an admin installed, before what Debian did. */
export const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The line by which a file is known as written here. */
export const ownershipMark = "Written by `schedule install`, taken away by `schedule remove`";

/** Whether a file was written here, for this job: two names of jobs may lead to one path. */
export function isOwnText(text: string, job: string): boolean {
  return text.includes(ownershipMark) && text.includes(`job "${job}"`);
}

export type ScheduledScript = "backup-run" | "recover";

/** The command of a script for the plan's job, as words. */
export function commandOf(
  { launcher, scripts, job }: SchedulePlan,
  script: ScheduledScript,
): readonly string[] {
  const config = job === "backup" ? [] : ["--config", job];
  return [...launcher, `${scripts}/${script}.ts`, ...config];
}

export function configPathOf(job: string): string {
  return `/etc/lastgood/${job}.env`;
}

/** A dot would hide the file from cron. */
export function cronPathOf(job: string): string {
  return `/etc/cron.d/lastgood-${job.replaceAll(".", "_")}`;
}

export interface UnitNames {
  readonly service: string;
  readonly timer: string;
  readonly recovery: string;
}

export function unitNamesOf(job: string): UnitNames {
  return {
    service: `lastgood-${job}.service`,
    timer: `lastgood-${job}.timer`,
    recovery: `lastgood-recover-${job}.service`,
  };
}

export const unitDirectory = "/etc/systemd/system";

export function logrotatePathOf(job: string): string {
  return `/etc/logrotate.d/lastgood-${job}`;
}
