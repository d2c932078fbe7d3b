/** A report and its message, with what a test wants to be different. */
import { createMessage } from "#lib/core/format-report.ts";
import type { Message } from "#lib/core/message.ts";
import { outcomeFacts } from "#lib/core/outcome.ts";
import type { Report } from "#lib/core/report.ts";

export function createReport(changes: Partial<Report> = {}): Report {
  const outcome = changes.outcome ?? "failed";
  return {
    schema: 1,
    script: "backup-run",
    job: "app",
    host: "web1",
    runId: "1a2b3c4d-0000-4000-8000-000000000001",
    version: "0.1.0",
    outcome,
    exitCode: outcomeFacts[outcome].exitCode,
    dryRun: false,
    startedAt: "2026-11-21T02:00:00.000Z",
    endedAt: "2026-11-21T02:05:13.000Z",
    durationSeconds: 313,
    headline: 'Cannot write to "/mnt/backup": 2 GB free, 5 GB required',
    hint: "Free space or lower MIN_FREE_GB",
    critical: false,
    problems: [],
    notes: [],
    findings: [],
    parts: [],
    logTail: [],
    ...changes,
  };
}

/** Of a report that has a message: any but a busy one. */
export function createTestMessage(changes: Partial<Report> = {}, id = "id-1"): Message {
  const message = createMessage(createReport(changes), id);
  if (message === undefined) throw new Error("A busy lock has no message");
  return message;
}
