/**
 * A directory in the place of another: two renames, and at every moment either what was or what comes.
 *
 * The kernel could exchange two names at once (RENAME_EXCHANGE), but neither runtime nor the coreutils of today's servers ask
 * it to. Between the renames there is nothing of that name; whoever dies there is put right by `undoSwap`, which the guardian
 * of a run, the next run and the next boot carry out.
 */
import { dirname } from "node:path";
import { describeReplaced, type ReplacedEntry, type SwapEntry } from "#lib/core/undo.ts";
import { exists, move, moveBack, runStep, type SwapAccess } from "#lib/stores/path-steps.ts";
import { removeTree } from "#lib/tools/remove-tree.ts";

/** Throws OpsError "failed"; then everything is as it was. Heeds no signal: it is over in a moment. */
export async function swapDirectory(
  { target, incoming, aside }: SwapEntry,
  access: SwapAccess,
): Promise<void> {
  const isReplaced = await exists(target, access);
  if (isReplaced) await move(target, aside, access);
  try {
    await move(incoming, target, access);
  } catch (error) {
    if (isReplaced) await move(aside, target, access);
    throw error;
  }
  await runStep(["sync", "--file-system", "--", dirname(target)], `sync "${dirname(target)}"`, access);
}

/** What is to be told of it once it is done. */
export function replacedOf({ target, aside, wasThere }: SwapEntry): ReplacedEntry {
  return { kind: "replaced", what: target, asides: wasThere ? [aside] : [], boxes: [] };
}

/** Put right what was left in the middle; resolves to notes on what was done. Safe to repeat. */
export async function undoSwap(entry: SwapEntry, access: SwapAccess): Promise<readonly string[]> {
  const { target, incoming, aside, wasThere } = entry;
  const notes: string[] = [];
  const isThere = await exists(target, access);
  const isAside = await exists(aside, access);
  // As long as it has not moved, what is there is not what came: a service makes its directory anew.
  const isLeft = await exists(incoming, access);
  if (isAside && (isLeft || !isThere)) {
    notes.push(...(await moveBack(aside, target, access)));
    notes.push(`Put back what was to be replaced: ${target}`);
  } else if (!isLeft && (isAside || (isThere && !wasThere))) {
    notes.push(describeReplaced(replacedOf(entry)));
  } else {
    notes.push(`As it was: ${target}`);
  }
  if (isLeft) {
    await removeTree(incoming, access.timeoutMs * 10);
    notes.push(`Removed what was half restored: ${incoming}`);
  }
  return notes;
}
