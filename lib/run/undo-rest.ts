/** Undo what a run that ends by itself has left: it was stopped in the middle of it, or could not. */
import { describeError } from "#lib/core/ops-error.ts";
import { isLasting, mayBeDown, type UndoEntry } from "#lib/core/undo.ts";
import type { Ending } from "#lib/run/ending.ts";
import type { Journal } from "#lib/run/journal.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { undoAll } from "#lib/run/undo-all.ts";

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
  const rest = (journal?.entries() ?? []).filter(isLasting);
  const { notes, problems, left, hint } = await undoAll(rest, session, job, async (entry) => {
    // It is undone, whatever the disk of the journal says.
    await journal
      ?.forget(entry)
      .catch((error: unknown) => session.log.warning("journal.stale", describeError(error)));
  });
  const isDown = left.some(mayBeDown);
  return {
    left,
    ending: {
      ...ending,
      headline: withDown(ending.headline, left),
      hint: hint ?? ending.hint,
      outcome: withUndone(ending.outcome, isDown, problems),
      critical: ending.critical === true || isDown,
      // The run itself may have said the same of a stack that did not start for it either.
      problems: [...new Set([...problems, ...ending.problems])],
      notes: [...ending.notes, ...notes],
    },
  };
}

/** A command that failed after the set was whole makes the run partial: somebody must hear of it. */
function withUndone(
  outcome: Ending["outcome"],
  isDown: boolean,
  problems: readonly string[],
): Ending["outcome"] {
  if (isDown && (outcome === "complete" || outcome === "partial")) return "failed";
  return outcome === "complete" && problems.length > 0 ? "partial" : outcome;
}

/** What stands still comes before what was made. */
function withDown(headline: string, left: readonly UndoEntry[]): string {
  const stacks = left.flatMap((entry) => {
    if (entry.kind === "stack") return `stack "${entry.record.project}"`;
    return entry.kind === "stack-swap" && entry.stopped !== undefined ? `stack "${entry.stack}"` : [];
  });
  return stacks.length === 0 ? headline : `Not running: ${stacks.join(", ")}. ${headline}`;
}
