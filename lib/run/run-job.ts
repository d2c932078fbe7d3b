/**
 * A run under its job's lock: lock, guardian, what a dead run left, journal, the use case, the report.
 *
 * Whatever happens in between, the report is made by the same lines, and the lock is let go last.
 */
import type { Settings } from "#lib/config/schema.ts";
import { formatDuration } from "#lib/core/duration.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { RunResult } from "#lib/core/run-context.ts";
import { isLasting } from "#lib/core/undo.ts";
import { createContext, noJournal } from "#lib/run/create-context.ts";
import { deliverStart } from "#lib/run/deliver-report.ts";
import { type Ending, endingOfError } from "#lib/run/ending.ts";
import { attempt, finishDryRun, finishRecovery, finishRun, finishUnchosen } from "#lib/run/finish-run.ts";
import { type Journal, journalPath, openJournal } from "#lib/run/journal.ts";
import { describeBusy, type HeldJobLock, lockJob } from "#lib/run/lock-job.ts";
import { openLogFile } from "#lib/run/open-log-file.ts";
import { createProgress, noProgress } from "#lib/run/progress.ts";
import { recoverDeadRun } from "#lib/run/recover-dead-run.ts";
import { recoveryCommand } from "#lib/run/recovery-command.ts";
import type { ScriptDefinition } from "#lib/run/script.ts";
import { createAlerts, noAlerts } from "#lib/run/send-alerts.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { undoRest } from "#lib/run/undo-rest.ts";
import { type Guardian, startGuardian } from "#lib/tools/guardian-process.ts";
import { guardianMark } from "#lib/tools/processes.ts";

/** After an abort the use case has this long to clean up before the run is reported without it. */
const cleanUpMs = 60_000;

/** What is known of a run before its use case begins. */
interface RunFacts {
  readonly notes: string[];
  readonly logFile: string | undefined;
  /** Chosen by hand; undefined: everything. */
  readonly selection?: readonly string[] | undefined;
}

const noEffects = { progress: noProgress, journal: noJournal, alert: noAlerts.alert };

type UseCase = Exclude<ScriptDefinition["main"], "recovery">;

export async function runDry(script: ScriptDefinition, session: Session, job: Job): Promise<number> {
  const context = createContext(session, job, { isDryRun: true, ...noEffects });
  if (script.main === "recovery") throw new TypeError("A recovery has no dry run");
  try {
    await script.checkFirst?.(context);
    return await finishDryRun(session, job, await untilStopped(script.main(context), session));
  } catch (error) {
    return finishDryRun(session, job, endingOfError(error));
  }
}

export async function runJob(script: ScriptDefinition, session: Session, job: Job): Promise<number> {
  const notes: string[] = [];
  const facts: RunFacts = { notes, logFile: await openLogFile(session, job.settings.LOG_FILE, notes) };
  try {
    const early = createContext(session, job, { isDryRun: false, ...noEffects });
    await script.checkFirst?.(early);
    const chosen = await untilStopped(script.choose?.(early) ?? Promise.resolve("all" as const), session);
    if (chosen === undefined) return await finishUnchosen(session);
    const selection = chosen === "all" ? undefined : chosen;
    const locked = await lockJob(session, job, script.main === "recovery");
    if (!locked.held) return await finishRun(session, job, describeBusy(locked.holder, job.settings), facts);
    try {
      return script.main === "recovery"
        ? await finishRecovery(session, job, await recoverDeadRun(session, job, locked.died), facts)
        : await runLocked(script.main, session, job, { ...facts, selection }, locked);
    } finally {
      await attempt(session, "empty the lock file", locked.lock.release);
    }
  } catch (error) {
    return finishRun(session, job, endingOfError(error), facts);
  }
}

async function runLocked(
  main: UseCase,
  session: Session,
  job: Job,
  facts: RunFacts,
  { lock, died }: HeldJobLock,
): Promise<number> {
  const guardian = postGuardian(session, job);
  // Whoever waits for the start and the end of the job's backup does not mean a part of it.
  const startTold = facts.selection === undefined ? deliverStart(session, job) : Promise.resolve();
  const timeLimit = setTimeout(() => session.stop(runTimeoutError(job.settings)), job.settings.RUN_TIMEOUT);
  const alerts = createAlerts(session, job, facts.logFile);
  let journal: Journal | undefined;
  let ending: Ending;
  // What a use case that was stopped has to say all the same.
  let known: RunResult | undefined;
  try {
    const recovery = await recoverDeadRun(session, job, died);
    facts.notes.push(...recovery.notes);
    journal = await openJournal(journalPath(job.settings.STATE_DIR, job.settings.JOB), {
      runId: session.runId,
      script: session.script.name,
      job: job.settings.JOB,
      host: job.host.name,
      pid: session.world.pid,
      startedAt: session.startedAt.toISOString(),
      logFile: facts.logFile,
      // Tried again at the end of this run, and told of then.
      undo: recovery.left.filter(isLasting),
    });
    session.log.debug("run.began", `Began run ${session.runId}`);
    const context = createContext(session, job, {
      isDryRun: false,
      progress: createProgress(session),
      journal,
      alert: alerts.alert,
      selection: facts.selection,
    });
    const result = main(context);
    void result.then(
      (made) => {
        known = made;
      },
      () => undefined,
    );
    ending = await untilStopped(result, session);
  } catch (error) {
    ending = endingOfError(error, known);
  }
  clearTimeout(timeLimit);
  const { left, ...undone } = await undoRest(session, job, journal, ending);
  await startTold;
  await alerts.settled();
  try {
    return await finishRun(session, job, undone.ending, { ...facts, journal });
  } finally {
    // In this order: a run killed in between is found by its journal, which has its report, not by its name in the lock.
    await attempt(session, "empty the lock file", () => lock.describe(""));
    await attempt(session, "end the journal", async () =>
      left.length === 0 ? journal?.close() : journal?.keep(),
    );
    await guardian.dismiss();
  }
}

function postGuardian(session: Session, job: Job): Guardian {
  return startGuardian({
    recovery: recoveryCommand(session.world, job.loaded.file),
    env: { ...session.world.env, [guardianMark]: session.runId },
    onReplaced: () =>
      session.log.warning("guardian.replaced", "The guardian was killed and has been replaced"),
  });
}

/**
 * The use case's result, or the reason why the run was stopped.
 *
 * A stopped use case may clean up first. One that does not come back, because it waits for a file system that is gone, is
 * left behind: its run is reported all the same.
 */
async function untilStopped<Value>(result: Promise<Value>, { signal, deps }: Session): Promise<Value> {
  const cleanedUp = new AbortController();
  const stopped = new Promise<never>((_resolve, reject) => {
    const onStop = () => {
      const limit = deps.clock.sleep(cleanUpMs, cleanedUp.signal).catch(() => undefined);
      void Promise.race([Promise.allSettled([result]), limit]).then(() => reject(signal.reason));
    };
    if (signal.aborted) onStop();
    signal.addEventListener("abort", onStop, { once: true });
  });
  try {
    const value = await Promise.race([result, stopped]);
    return signal.aborted ? await stopped : value;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    cleanedUp.abort();
  }
}

function runTimeoutError(settings: Settings): OpsError {
  return new OpsError(`The run took longer than RUN_TIMEOUT (${formatDuration(settings.RUN_TIMEOUT)})`, {
    outcome: "failed",
    hint: "Find out what was slow in the log, or raise RUN_TIMEOUT",
  });
}
