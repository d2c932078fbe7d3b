/** What runs of a job would have recorded, with what a test wants to be different. */
import { emptyMemory } from "#lib/core/health-memory.ts";
import type { JobRecord } from "#lib/core/job-record.ts";
import type { PastRun } from "#lib/core/run-history.ts";

export function createRecord(changes: Partial<JobRecord> = {}): JobRecord {
  return {
    history: { runs: [], unreadableCount: 0 },
    lastRun: undefined,
    lastSet: undefined,
    lastCompleteAt: undefined,
    places: {},
    lock: { isHeld: false, holder: undefined },
    journal: undefined,
    outbox: { count: 0, oldestAt: undefined },
    failedChannels: [],
    uploads: {},
    verification: undefined,
    drill: undefined,
    memory: emptyMemory,
    problems: [],
    ...changes,
  };
}

/** A complete backup of the whole job that ended then. */
export function createPastRun(endedAt: string, changes: Partial<PastRun> = {}): PastRun {
  return {
    schema: 1,
    runId: `run-${endedAt}`,
    script: "backup-run",
    outcome: "complete",
    startedAt: endedAt,
    endedAt,
    durationSeconds: 300,
    headline: "Everything was backed up",
    parts: [],
    ...changes,
  };
}

/** The part of a run that is one source of it. */
export function createPart(name: string, changes: Partial<PastRun["parts"][number]> = {}) {
  return { kind: "source", name, outcome: "complete", ...changes };
}
