/** The jobs of a health check: their configurations, their records, and first of all what dead runs left put right. */
import { salvageConfig } from "#lib/config/load-config.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { CheckedJob } from "#lib/core/health.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { Secret } from "#lib/core/secret.ts";
import { createChannels } from "#lib/notify/registry.ts";
import { emptyOutbox } from "#lib/run/deliver-report.ts";
import { lockJobWithin } from "#lib/run/lock-job.ts";
import { readJobRecord } from "#lib/run/read-job-record.ts";
import { recoverDeadRun } from "#lib/run/recover-dead-run.ts";
import { configRequest, type Job, loadJob, type Session } from "#lib/run/session.ts";
import { type LockTable, readLockFile, readLockTable } from "#lib/tools/lock-table.ts";

export interface LoadedJob {
  readonly config: string;
  /** Undefined when the configuration is invalid. */
  readonly job: Job | undefined;
  /** What of it is valid, if it can be read. */
  readonly settings: Settings | undefined;
  readonly secrets: readonly Secret[];
  readonly problem: OpsError | undefined;
}

export async function loadJobs(session: Session, configs: readonly string[]): Promise<readonly LoadedJob[]> {
  return Promise.all(
    configs.map(async (config): Promise<LoadedJob> => {
      const request = { ...configRequest(session), configFlag: config };
      try {
        const job = await loadJob(request);
        const { settings, loaded } = job;
        return { config: loaded.file, job, settings, secrets: loaded.secrets, problem: undefined };
      } catch (error) {
        if (!(error instanceof OpsError)) throw error;
        const salvaged = await salvageConfig(request);
        const { settings, secrets = [], file = config } = salvaged ?? {};
        return { config: file, job: undefined, settings, secrets, problem: error };
      }
    }),
  );
}

export function nameOf({ config, settings }: LoadedJob): string {
  return settings?.JOB ?? (config.split("/").at(-1) ?? config).replace(/\.env$/, "");
}

/** What is known of each. `mayAct`: messages that wait are sent. */
export async function examineJobs(
  session: Session,
  loaded: readonly LoadedJob[],
  mayAct: { readonly recover: boolean; readonly send: boolean },
): Promise<readonly CheckedJob<Settings>[]> {
  const locks = await readLockTable();
  if (mayAct.recover) {
    // One after the other: two of them may have stopped the same stack.
    for (const { job } of loaded) if (job !== undefined) await recover(session, job, locks);
  }
  const now = await readLockTable();
  return Promise.all(
    loaded.map(async (one) => {
      const { job, config, problem } = one;
      const settings = one.settings;
      const base = {
        name: nameOf(one),
        config,
        settings: job?.settings,
        problem: problem && {
          isDenied: problem.outcome === "denied",
          message: [describeError(problem), ...problem.problems.slice(1)].join("; "),
          hint: problem.hint,
        },
      };
      if (settings === undefined) return { ...base, record: undefined };
      const record = await readJobRecord(settings, now);
      if (record.outbox.count === 0 || !mayAct.send) return { ...base, record };
      await emptyOutbox(session, settings, createChannels(settings, session.deps));
      return { ...base, record: await readJobRecord(settings, now) };
    }),
  );
}

/** The lock is only taken when it is free and a dead run left something: a backup that is about to start is not kept from it. */
async function recover(session: Session, job: Job, locks: LockTable): Promise<void> {
  const { log } = session;
  try {
    const { isHeld, text } = await readLockFile(job.settings.LOCK_FILE, locks);
    const { journal } = await readJobRecord(job.settings, locks);
    if (isHeld || (text === "" && journal === undefined)) return;
    const locked = await lockJobWithin(session, job, 0);
    if (!locked.held) return;
    try {
      const { notes, problems } = await recoverDeadRun(session, job, locked.died);
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
