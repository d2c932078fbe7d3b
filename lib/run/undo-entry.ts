import type { UndoEntry } from "#lib/core/undo.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { removeFrozen } from "#lib/stacks/remove-frozen.ts";
import { removePartialSet } from "#lib/stores/partial-set.ts";
import { sweepLeftovers } from "#lib/stores/sweep-leftovers.ts";

/** Undo one act of a dead run; resolves to notes on what was done. Safe to repeat. */
export async function undoEntry(entry: UndoEntry, session: Session, job: Job): Promise<readonly string[]> {
  if (entry.kind === "private") {
    await removePartialSet(entry.path, job.settings.FS_TIMEOUT);
    return [];
  }
  if (entry.kind === "frozen") {
    await removeFrozen(entry, { exec: session.deps.exec, timeoutMs: job.settings.FS_TIMEOUT });
    return [`Removed what it left: ${entry.path}`];
  }
  const swept = await sweepLeftovers(entry.root, {
    host: job.host.name,
    job: job.settings.JOB,
    layout: job.settings.BACKUP_LAYOUT,
    isRunAlive: async () => false,
    deadlineMs: job.settings.FS_TIMEOUT,
  });
  return [
    ...swept.removed.map((path) => `Removed what it left: ${path}`),
    ...swept.left.map(({ path, reason }) => `Left alone: ${path}: ${reason}`),
  ];
}
