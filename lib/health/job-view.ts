/** What each finding looks at: one job, what its runs have recorded, and what the machine says now. */
import type { Settings } from "#lib/config/schema.ts";
import { formatDuration } from "#lib/core/duration.ts";
import type { HealthFinding } from "#lib/core/health.ts";
import type { JobRecord } from "#lib/core/job-record.ts";
import type { MachineFacts } from "#lib/health/gather-facts.ts";

export interface JobView {
  readonly name: string;
  /** Absolute path of the configuration. */
  readonly config: string;
  readonly settings: Settings;
  readonly record: JobRecord;
  readonly facts: MachineFacts;
  readonly now: Date;
}

/** Turns what is known of a job into findings; good news is one as well, so that people see what was looked at. Pure. */
export type JudgeJob = (view: JobView) => readonly HealthFinding[];

/** Milliseconds since then; never below 0, since `clock` tells of times that are to come. */
export function ageMs(at: string, now: Date): number {
  return Math.max(0, now.getTime() - Date.parse(at));
}

const toleratedMs = 5 * 60_000;

/** By more than clocks are put right by themselves. */
export function isToCome(at: string, now: Date): boolean {
  return Date.parse(at) - now.getTime() > toleratedMs;
}

/** `3h 20m ago`. */
export function formatAgo(at: string, now: Date): string {
  return `${formatDuration(ageMs(at, now))} ago`;
}
