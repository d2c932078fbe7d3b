import type { UndoEntry } from "#lib/core/undo.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { removePartialSet } from "#lib/stores/partial-set.ts";
import { sweepLeftovers } from "#lib/stores/sweep-leftovers.ts";

/** Undo one act of a dead run; resolves to notes on what was done. Safe to repeat. */
export async function undoEntry(entry: UndoEntry, _session: Session, job: Job): Promise<readonly string[]> {
  if (entry.kind === "private") {
    await removePartialSet(entry.path, job.settings.FS_TIMEOUT);
    return [];
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
