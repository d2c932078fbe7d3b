/** What a person must know before the run has ended: sent at once, beside the run, and awaited at its end. */
import type { Alert } from "#lib/core/run-context.ts";
import { deliverReport } from "#lib/run/deliver-report.ts";
import { buildReport } from "#lib/run/ending.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { packageVersion } from "#lib/run/version.ts";

export interface Alerts {
  readonly alert: (alert: Alert) => void;
  /** When all of them have been delivered, or are kept for later. */
  readonly settled: () => Promise<void>;
}

/** For what has no effect, and so nothing to tell before its end. */
export const noAlerts: Alerts = { alert: () => undefined, settled: async () => undefined };

export function createAlerts(session: Session, job: Job, logFile: string | undefined): Alerts {
  const underWay: Promise<void>[] = [];
  return {
    alert: ({ headline, details, hint }) => {
      const { log, deps, script, runId, startedAt } = session;
      log.error("alert.raised", [headline, ...details, hint].join("\n"));
      const ending = {
        outcome: "failed",
        critical: true,
        headline,
        hint,
        problems: logFile === undefined ? details : [...details, `Check logs: ${logFile}`],
        notes: [],
        findings: [],
        parts: [],
      } as const;
      const report = buildReport(ending, {
        script: script.name,
        job: job.settings.JOB,
        host: job.host.name,
        runId,
        version: packageVersion,
        isDryRun: false,
        startedAt,
        endedAt: deps.clock.now(),
        busyExit: undefined,
        extraNotes: ["The run goes on: its report follows"],
        logFile,
        logTail: log.tail(),
        redact: job.redact,
      });
      underWay.push(deliverReport(session, job, report, `${runId}-alert-${underWay.length + 1}`));
    },
    settled: async () => {
      await Promise.all(underWay);
    },
  };
}
