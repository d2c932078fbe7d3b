import { basename } from "node:path";
import { describeReplaced, type ExecPost, type StoppedStack, type UndoEntry } from "#lib/core/undo.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { undoDatabaseSwap } from "#lib/run/undo-database-swap.ts";
import { undoStackSwap } from "#lib/run/undo-stack-swap.ts";
import { createDocker } from "#lib/stacks/docker.ts";
import { removeFrozen } from "#lib/stacks/remove-frozen.ts";
import { removeTrial } from "#lib/stacks/remove-trial.ts";
import { restartRecorded } from "#lib/stacks/restart-recorded.ts";
import { runHostHooks, runPostHooks } from "#lib/stacks/stack-hooks.ts";
import { startOptionsOf } from "#lib/stacks/start-options.ts";
import { removePartialSet } from "#lib/stores/partial-set.ts";
import { undoSwap } from "#lib/stores/swap-directory.ts";
import { removeBoxes } from "#lib/stores/swap-paths.ts";
import { sweepLeftovers } from "#lib/stores/sweep-leftovers.ts";

interface UndoneAct {
  /** What was done. */
  readonly notes: readonly string[];
  /** What went wrong with it, and would go wrong again. */
  readonly problems: readonly string[];
}

/** Undo one act of a run that is dead or at its end. Safe to repeat. Throws OpsError when it is to be tried again. */
export async function undoEntry(entry: UndoEntry, session: Session, job: Job): Promise<UndoneAct> {
  if (entry.kind !== "exec-post") return { notes: await undoAct(entry, session, job), problems: [] };
  const { exec, clock } = session.deps;
  const { engineTimeoutMs } = startOptionsOf(job.settings);
  const problems = await runPostHooks(createDocker({ exec }), entry, clock, engineTimeoutMs);
  return { notes: [`Ran lastgood.exec-post in stack "${entry.project}"`], problems };
}

/** Resolves to notes on what was done. */
async function undoAct(
  entry: Exclude<UndoEntry, ExecPost>,
  session: Session,
  job: Job,
): Promise<readonly string[]> {
  const { exec, clock } = session.deps;
  const { settings } = job;
  const deadlineMs = settings.FS_TIMEOUT;
  switch (entry.kind) {
    case "stack":
      return startStopped(entry, session, job);
    case "frozen":
      await removeFrozen(entry, { exec, timeoutMs: deadlineMs });
      return [];
    case "swap":
      return undoSwap(entry, { exec, timeoutMs: deadlineMs });
    case "replaced":
      await removeBoxes(entry, { exec, timeoutMs: deadlineMs });
      return [describeReplaced(entry)];
    case "database-swap":
      return undoDatabaseSwap(entry, session, job);
    case "stack-swap":
      return undoStackSwap(entry, session, job);
    case "trial":
      await removeTrial(entry.project, { exec, clock });
      return [`Removed the copy of a stack that a drill had started: ${entry.project}`];
    case "private":
      await removePartialSet(entry.path, deadlineMs);
      return [];
    case "unit":
      return [`Left to systemd: ${entry.unit}, which it started at ${entry.startedAt} and did not see end`];
    case "program":
      return [`Left to itself: ${entry.name}, which it started at ${entry.startedAt} and did not see end`];
    case "partial":
      return sweepPartial(entry.root, job);
  }
}

/** As the run would have done it, with what an admin has run afterwards. */
async function startStopped(
  entry: StoppedStack,
  { deps }: Session,
  { settings }: Job,
): Promise<readonly string[]> {
  const { exec, clock } = deps;
  const docker = createDocker({ exec });
  const notes = await restartRecorded(entry, { docker, clock, start: startOptionsOf(settings) });
  const { directory } = entry.record;
  if (directory === undefined) return notes;
  const stack = { name: basename(directory), directory };
  return [...notes, ...(await runHostHooks(exec, settings.POST_RESTART_HOOKS, stack))];
}

async function sweepPartial(root: string, { settings, host }: Job): Promise<readonly string[]> {
  const swept = await sweepLeftovers(root, {
    host: { ...host, formerIds: settings.HOST_FORMER_IDS },
    job: settings.JOB,
    layout: settings.BACKUP_LAYOUT,
    isRunAlive: async () => false,
    deadlineMs: settings.FS_TIMEOUT,
  });
  return [
    ...swept.removed.map((path) => `Removed what it left: ${path}`),
    ...swept.left.map(({ path, reason }) => `Left alone: ${path}: ${reason}`),
  ];
}
