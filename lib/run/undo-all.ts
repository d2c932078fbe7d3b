/** Undo acts of a run that is dead or at its end, one after the other; what cannot be undone holds up nothing else. */
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { inUndoOrder, isToRepeat, type UndoEntry } from "#lib/core/undo.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { undoEntry } from "#lib/run/undo-entry.ts";

export interface UndoneActs {
  /** What was done. */
  readonly notes: readonly string[];
  /** What went wrong, each with what a person can do. */
  readonly problems: readonly string[];
  /** What is to be tried again. */
  readonly left: readonly UndoEntry[];
  /** For what is left. */
  readonly hint: string | undefined;
}

const seeProblems = "The problems say what to type for each";

/** `onUndone` is told of each as soon as it is undone. */
export async function undoAll(
  entries: readonly UndoEntry[],
  session: Session,
  job: Job,
  onUndone: (entry: UndoEntry) => Promise<void> = async () => undefined,
): Promise<UndoneActs> {
  const notes: string[] = [];
  const problems: string[] = [];
  const left: UndoEntry[] = [];
  let hint: string | undefined;
  for (const entry of inUndoOrder(entries)) {
    try {
      const undone = await undoEntry(entry, session, job);
      for (const line of [...undone.notes, ...undone.problems]) session.log.warning("run.undone", line);
      notes.push(...undone.notes);
      problems.push(...undone.problems);
      if (isToRepeat(entry, left)) left.push(entry);
      else await onUndone(entry);
    } catch (error) {
      left.push(entry);
      const problem = describeError(error);
      session.log.error("undo.failed", problem);
      const help = error instanceof OpsError ? error.hint : undefined;
      hint = help ?? hint;
      problems.push(help === undefined ? problem : `${problem}. ${help}`);
    }
  }
  const isOne = left.length === 1;
  return { notes, problems, left, hint: isOne || hint === undefined ? hint : seeProblems };
}
