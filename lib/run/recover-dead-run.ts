/**
 * Finish what a dead run of this job left: end its processes, undo what its journal says, report its death.
 *
 * Called under the job's lock, so no run of the job is alive; by the guardian at once, by the next run, at boot, and after
 * a systemd unit. Safe to repeat: each step leaves nothing for a second time, and the journal goes last.
 */

import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { Report } from "#lib/core/report.ts";
import { mayBeDown, type UndoEntry } from "#lib/core/undo.ts";
import { deliverReport } from "#lib/run/deliver-report.ts";
import { dropHalfDatabases } from "#lib/run/drop-half-databases.ts";
import { buildReport, type Ending } from "#lib/run/ending.ts";
import {
  asidePath,
  type JournalContent,
  journalPath,
  keepJournal,
  linkJournalAside,
  readJournal,
  removeJournal,
} from "#lib/run/journal.ts";
import type { LockHolder } from "#lib/run/lock-job.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { recordStatus } from "#lib/run/status.ts";
import { sweepPrivate } from "#lib/run/sweep-private.ts";
import { undoAll } from "#lib/run/undo-all.ts";
import { packageVersion } from "#lib/run/version.ts";
import { writeMetrics } from "#lib/run/write-metrics.ts";
import { endMarkedProcesses } from "#lib/tools/process-group.ts";
import { isGuarded } from "#lib/tools/processes.ts";

export interface Recovery {
  /** What was found and done; empty when no run had died. */
  readonly notes: readonly string[];
  /** What went wrong with it. */
  readonly problems: readonly string[];
  /** What could not be undone, and stays in the journal: a run that goes on from here has it in its own journal, since there is but one. */
  readonly left: readonly UndoEntry[];
}

/**
 * `died` is what the lock file said of its last holder, which finds runs that died before they had a journal. Throws OpsError
 * "failed" when the run of the journal lives.
 */
export async function recoverDeadRun(
  session: Session,
  job: Job,
  died: LockHolder | undefined,
): Promise<Recovery> {
  await sweepPrivate(session, job);
  const path = journalPath(job.settings.STATE_DIR, job.settings.JOB);
  const { journal, isWhole, damaged } = await readJournal(path);
  const notes: string[] = [];
  if (damaged !== undefined)
    notes.push(`The journal of an earlier run was damaged and is kept as ${damaged}`);
  const dead = journal ?? (died && { ...died, undo: [], logFile: undefined, report: undefined });
  if (dead === undefined)
    return { notes: [...notes, ...(await dropHalfDatabases(session, job))], problems: [], left: [] };
  if (journal !== undefined && (await isGuarded(journal.runId, journal.pid))) throw refuseLive(journal, path);
  session.log.warning("run.died", describeDeath(dead));
  notes.push(describeDeath(dead));
  if (!(await endMarkedProcesses(dead.runId))) {
    notes.push("A process of that run cannot be killed: it waits for a file system that does not answer");
  }
  const { left, ...undone } = await undoAll(dead.undo, session, job);
  notes.push(...undone.notes);
  const problems = [...undone.problems];
  if (isWhole === false) problems.push(describeNotWhole(asidePath(path)));
  if (journal?.isReported !== true) {
    const report = dead.report ?? reportDeath(dead, session, job, { notes, problems, left }, undone.hint);
    // With a report of its own it had its ending recorded.
    if (dead.report === undefined) await recordDeath(session, job, report);
    await writeMetrics(session, job.settings, report);
    await deliverReport(session, job, report);
  }
  // Last: who is killed on the way begins once more.
  if (isWhole === false) await linkJournalAside(path);
  if (left.length === 0) await removeJournal(path);
  else await keepJournal(path, { ...dead, undo: left });
  // Untidy, and no more.
  return { notes: [...notes, ...(await dropHalfDatabases(session, job))], problems, left };
}

async function recordDeath(session: Session, job: Job, report: Report): Promise<void> {
  try {
    await recordStatus(job.settings, report, true);
  } catch (error) {
    session.log.error("report.incomplete", `Cannot record the death: ${describeError(error)}`);
  }
}

/** Its lock is another one than ours: it is not dead, and nothing of it may be touched. */
function refuseLive({ script, runId, pid, startedAt }: JournalContent, path: string): OpsError {
  const run = `${script} (run ${runId.slice(0, 8)}, pid ${pid}, since ${startedAt})`;
  return new OpsError(`The journal "${path}" is that of a run that goes on under another lock: ${run}`, {
    outcome: "failed",
    hint: "Two configurations share JOB and STATE_DIR: give one another JOB, or both the same LOCK_FILE",
  });
}

function describeNotWhole(aside: string): string {
  return `Not all that the journal says can be understood, such as acts of a newer version: it is kept as "${aside}"; run recover with that version after moving it back`;
}

type DeadRun = Omit<JournalContent, "report"> & { readonly report?: Report | undefined };

function describeDeath(dead: DeadRun): string {
  const name = `${dead.script} (run ${dead.runId.slice(0, 8)}, pid ${dead.pid}, started ${dead.startedAt})`;
  if (dead.isReported === true) return `${name} left what could not be undone then; it is tried again`;
  return dead.report === undefined
    ? `${name} died without an ending: it was killed, or the machine went down`
    : `${name} was killed after it had ended, before its report was delivered`;
}

function reportDeath(
  dead: DeadRun,
  session: Session,
  job: Job,
  { notes, problems, left }: Recovery,
  hint: string | undefined,
): Report {
  const ending: Ending = {
    outcome: "failed",
    critical: left.some(mayBeDown),
    headline: describeDeath(dead),
    hint: hint ?? "Look for the kernel's OOM killer, a reboot, or a kill -9 at that time",
    problems,
    notes: notes.slice(1),
    findings: [],
    parts: [],
  };
  return buildReport(ending, {
    script: dead.script,
    job: dead.job,
    host: job.host.name,
    runId: dead.runId,
    version: packageVersion,
    isDryRun: false,
    startedAt: new Date(dead.startedAt),
    endedAt: session.deps.clock.now(),
    busyExit: undefined,
    extraNotes: [],
    logFile: dead.logFile,
    logTail: session.log.tail(),
    redact: job.redact,
  });
}
