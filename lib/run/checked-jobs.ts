/**
 * The jobs of a health check: their configurations, their records, and first of all what dead runs left put right. What that
 * takes is loaded when it is needed, which it seldom is: a third of all modules.
 */
import { salvageConfig } from "#lib/config/load-config.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { CheckedJob, ConfigProblem } from "#lib/core/health.ts";
import type { JobRecord } from "#lib/core/job-record.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { busyWindowMs } from "#lib/core/run-history.ts";
import type { Secret } from "#lib/core/secret.ts";
import { lockJobWithin } from "#lib/run/lock-job.ts";
import { readJobRecord } from "#lib/run/read-job-record.ts";
import { configRequest, type Job, loadJob, type Session } from "#lib/run/session.ts";
import { type LockTable, readLockTable } from "#lib/tools/lock-table.ts";

export interface LoadedJob {
  readonly config: string;
  /** Undefined when the configuration is invalid. */
  readonly job: Job | undefined;
  /** What of it is valid, if it can be read. */
  readonly settings: Settings | undefined;
  readonly secrets: readonly Secret[];
  readonly problem: OpsError | undefined;
}

export async function loadJobs(
  session: Session,
  configs: readonly string[],
  answerMs?: number,
): Promise<readonly LoadedJob[]> {
  return Promise.all(
    configs.map(async (config): Promise<LoadedJob> => {
      const request = { ...configRequest(session), configFlag: config, answerMs };
      try {
        const job = await loadJob(request);
        const { settings, loaded } = job;
        return { config: loaded.file, job, settings, secrets: loaded.secrets, problem: undefined };
      } catch (error) {
        if (!(error instanceof OpsError)) throw error;
        // What could not be read has no list of problems: a share that gives no answer would be waited for once more.
        const isUnread = error.outcome === "config" && error.problems.length === 0;
        const salvaged = isUnread ? undefined : await salvageConfig(request);
        const { settings, secrets = [], file = config } = salvaged ?? {};
        return { config: file, job: undefined, settings, secrets, problem: error };
      }
    }),
  );
}

export function nameOf({ config, settings }: LoadedJob): string {
  return settings?.JOB ?? (config.split("/").at(-1) ?? config).replace(/\.env$/, "");
}

interface Examination {
  /** What dead runs left may be put right. */
  readonly recover: boolean;
  /** Messages that wait may be sent. */
  readonly send: boolean;
  /** As many runs as a page is to show, not only those that a check looks at. */
  readonly isLong?: boolean;
}

/** What is known of each, after what may be done about it. */
export async function examineJobs(
  session: Session,
  loaded: readonly LoadedJob[],
  { recover: mayRecover, send: maySend, isLong = false }: Examination,
): Promise<readonly CheckedJob<Settings>[]> {
  const locks = await readLockTable();
  const since = isLong ? undefined : new Date(session.deps.clock.now().getTime() - busyWindowMs);
  const silent = await findSilent(
    session,
    loaded.flatMap(({ settings }) => settings ?? []),
  );
  const read = async ({ settings }: LoadedJob, table: LockTable) => {
    if (settings === undefined) return undefined;
    return readJobRecord(settings, table, { since, isSilent: silent.has(settings.STATE_DIR) });
  };
  const first = await Promise.all(loaded.map((one) => read(one, locks)));
  const hasActed = loaded.map(() => false);
  for (const [index, { job }] of loaded.entries()) {
    const record = first[index];
    if (!mayRecover || job === undefined || record === undefined || !hasRemains(record)) continue;
    // One after the other: two of them may have stopped the same stack.
    await recover(session, job);
    hasActed[index] = true;
  }
  await Promise.all(
    loaded.map(async ({ settings }, index) => {
      const count = first[index]?.outbox.count ?? 0;
      if (!maySend || settings === undefined || count === 0) return;
      const { createChannels } = await import("#lib/notify/registry.ts");
      const { emptyOutbox } = await import("#lib/run/deliver-report.ts");
      await emptyOutbox(session, settings, createChannels(settings, session.deps));
      hasActed[index] = true;
    }),
  );
  const after = hasActed.includes(true) ? await readLockTable() : locks;
  return Promise.all(
    loaded.map(async (one, index) => ({
      name: nameOf(one),
      config: one.config,
      settings: one.job?.settings,
      problem: describeConfigProblem(one.problem),
      record: hasActed[index] === true ? await read(one, after) : first[index],
    })),
  );
}

/** Directories of state that give no answer: children wait for them, of which there is one as long as all answer. */
async function findSilent(session: Session, jobs: readonly Settings[]): Promise<ReadonlySet<string>> {
  const limits = new Map(jobs.map(({ STATE_DIR, FS_TIMEOUT }) => [STATE_DIR, FS_TIMEOUT] as const));
  const ask = async (directories: readonly string[]): Promise<readonly string[]> => {
    if (directories.length === 0) return [];
    const timeoutMs = Math.min(...directories.map((one) => limits.get(one) ?? 0));
    const { timedOut } = await session.deps.exec(["stat", "--", ...directories], {
      timeoutMs,
      signal: session.signal,
    });
    if (!timedOut) return [];
    if (directories.length === 1) return directories;
    return (await Promise.all(directories.map((one) => ask([one])))).flat();
  };
  return new Set(await ask([...limits.keys()]));
}

function describeConfigProblem(problem: OpsError | undefined): ConfigProblem | undefined {
  if (problem === undefined) return undefined;
  const { outcome, hint, problems } = problem;
  const message =
    problems.length > 1 ? `The configuration is invalid: ${problems.join("; ")}` : describeError(problem);
  return { isDenied: outcome === "denied", message, hint };
}

/** Nobody holds the lock, and a journal or a name in the lock file says that somebody did who did not come to an end. */
function hasRemains({ lock, journal }: JobRecord): boolean {
  return !lock.isHeld && (journal !== undefined || lock.holder !== undefined);
}

/** The lock is only taken when it is free and a dead run left something: a backup that is about to start is not kept from it. */
async function recover(session: Session, job: Job): Promise<void> {
  // What cannot be put right is a finding of its own; on stderr cron would mail it at every start.
  const log = { ...session.log, error: session.log.warning };
  try {
    const locked = await lockJobWithin(session, job, 0);
    if (!locked.held) return;
    try {
      const { recoverDeadRun } = await import("#lib/run/recover-dead-run.ts");
      const { notes, problems } = await recoverDeadRun({ ...session, log }, job, locked.died);
      for (const note of notes) log.info("run.recovered", note);
      for (const problem of problems) log.error("run.unrecovered", problem);
    } finally {
      await locked.lock.release();
    }
  } catch (error) {
    log.error(
      "run.unrecovered",
      `Cannot recover what a run of "${job.settings.JOB}" left: ${describeError(error)}`,
    );
  }
}
