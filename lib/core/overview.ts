/** What the page over all jobs is made of, and what comes of it. */
import type { CheckedJob } from "#lib/core/health.ts";

/** What it needs of a job: nothing of its settings, so that none of them can get into it. */
export type OverviewJob = Pick<CheckedJob<unknown>, "name" | "config" | "problem" | "record">;

export interface OverviewContext {
  readonly host: string;
  readonly version: string;
  readonly now: Date;
  readonly jobs: readonly OverviewJob[];
  /** Masks the secrets of these jobs. */
  readonly redact: (text: string) => string;
}

export interface Overview {
  /** A whole HTML document, which needs nothing from elsewhere. */
  readonly page: string;
  /** A line for each job, for mails and terminals. */
  readonly lines: readonly string[];
  /** How many jobs did not end well the last time, or have no valid configuration. */
  readonly badCount: number;
}
