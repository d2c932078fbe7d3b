/** Undo what a run that ends by itself has left: it was stopped in the middle of it, or could not. */
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { inUndoOrder, isLasting, mayBeDown, type UndoEntry } from "#lib/core/undo.ts";
import type { Ending } from "#lib/run/ending.ts";
import type { Journal } from "#lib/run/journal.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { undoEntry } from "#lib/run/undo-entry.ts";

export interface UndoneRest {
  /** With what was done about it. */
  readonly ending: Ending;
  /** What could not be undone: it stays in the journal. */
  readonly left: readonly UndoEntry[];
}

export async function undoRest(
  session: Session,
  job: Job,
  journal: Journal | undefined,
  ending: Ending,
): Promise<UndoneRest> {
  const rest = inUndoOrder(journal?.entries() ?? []).filter(isLasting);
  const left: UndoEntry[] = [];
  const notes: string[] = [];
  const problems: string[] = [];
  let hint = ending.hint;
  for (const entry of rest) {
    try {
      const undone = await undoEntry(entry, session, job);
      for (const line of undone) session.log.warning("run.undone", line);
      notes.push(...undone);
      await journal?.forget(entry);
    } catch (error) {
      session.log.error("undo.failed", describeError(error));
      problems.push(describeError(error));
      if (error instanceof OpsError) hint = error.hint ?? hint;
      left.push(entry);
    }
  }
  const isDown = left.some(mayBeDown);
  return {
    left,
    ending: {
      ...ending,
      hint,
      outcome:
        isDown && (ending.outcome === "complete" || ending.outcome === "partial") ? "failed" : ending.outcome,
      critical: ending.critical === true || isDown,
      problems: [...problems, ...ending.problems],
      notes: [...ending.notes, ...notes],
    },
  };
}
