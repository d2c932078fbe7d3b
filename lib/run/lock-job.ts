import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { Settings } from "#lib/config/schema.ts";
import { formatDuration } from "#lib/core/duration.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { Ending } from "#lib/run/ending.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { type HeldLock, takeLock } from "#lib/tools/flock.ts";

/** What a holder writes into its lock file: for people, and for whoever finds it there after the holder died. */
const holderSchema = z.object({
  script: z.string(),
  job: z.string(),
  runId: z.string(),
  pid: z.number(),
  host: z.string(),
  startedAt: z.string(),
});

export type LockHolder = z.infer<typeof holderSchema>;

export interface HeldJobLock {
  readonly held: true;
  readonly lock: HeldLock;
  /** Who held the lock and died. */
  readonly died: LockHolder | undefined;
}

export type JobLock = HeldJobLock | { readonly held: false; readonly holder: string };

/** The kernel closes what a killed process held one by one: its guardian may be awake before its lock is free. */
const recoveryWaitMs = 3000;

/** Take the job's lock, waiting LOCK_WAIT for its holder, and write into it who we are. */
export function lockJob(session: Session, job: Job, isRecovery: boolean): Promise<JobLock> {
  return lockJobWithin(session, job, Math.max(job.settings.LOCK_WAIT, isRecovery ? recoveryWaitMs : 0));
}

/** The same, waiting no longer than `waitMs` whatever LOCK_WAIT says. */
export async function lockJobWithin(session: Session, job: Job, waitMs: number): Promise<JobLock> {
  const { LOCK_FILE, JOB } = job.settings;
  if (waitMs > 0)
    session.log.debug("lock.waiting", `Waiting up to ${formatDuration(waitMs)} for ${LOCK_FILE}`);
  await makeStateDirectory(job.settings);
  const result = await takeLock(LOCK_FILE, waitMs, session.signal);
  if (!result.held) return result;
  const holder: LockHolder = {
    script: session.script.name,
    job: JOB,
    runId: session.runId,
    pid: session.world.pid,
    host: job.host.name,
    startedAt: session.startedAt.toISOString(),
  };
  const died = parseHolder(result.lock.leftBehind);
  await describeHolder(session, LOCK_FILE, result.lock, holder);
  return { held: true, lock: result.lock, died };
}

/** An ordinary user's lock may lie in the state directory, which is ours to make; every other directory is the admin's. */
async function makeStateDirectory({ LOCK_FILE, STATE_DIR }: Settings): Promise<void> {
  if (dirname(LOCK_FILE) !== STATE_DIR) return;
  try {
    await mkdir(STATE_DIR, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new OpsError(`Cannot create the state directory "${STATE_DIR}"`, {
      outcome: "failed",
      hint: "Set STATE_DIR to a directory that can be written",
      cause,
    });
  }
}

/** The lock is held without a word in it as well, on a full /run for instance. */
async function describeHolder(
  { log }: Session,
  path: string,
  lock: HeldLock,
  holder: LockHolder,
): Promise<void> {
  try {
    await lock.describe(JSON.stringify(holder));
  } catch (error) {
    log.warning(
      "lock.nameless",
      `Cannot write into the lock file "${path}" who holds it: ${describeError(error)}`,
    );
  }
}

/** The ending of a run that found the lock held. */
export function describeBusy(holder: string, settings: Settings): Ending {
  const known = parseHolder(holder);
  const who =
    known === undefined
      ? "another program (it wrote no name into it)"
      : `${known.script} of job "${known.job}" on ${known.host}, pid ${known.pid}, since ${known.startedAt}`;
  return {
    outcome: "busy",
    headline: `The lock "${settings.LOCK_FILE}" is held by ${who}`,
    hint: "Nothing to do if that run is well; LOCK_WAIT waits for it",
    problems: [],
    notes: [],
    findings: [],
    parts: [],
  };
}

/** Who a lock file names; undefined for one that is empty, or written by another program. */
export function parseHolder(text: string): LockHolder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
