/**
 * A directory in the place of another: two renames, and at every moment either what was or what comes.
 *
 * The kernel could exchange two names at once (RENAME_EXCHANGE), but neither runtime nor the coreutils of today's servers ask
 * it to. Between the renames there is nothing of that name; whoever dies there is put right by `undoSwap`, which the guardian
 * of a run, the next run and the next boot carry out.
 */
import { dirname } from "node:path";
import type { SwapEntry } from "#lib/core/undo.ts";
import { exists, move, runStep, type SwapAccess } from "#lib/stores/path-steps.ts";
import { removeTree } from "#lib/tools/remove-tree.ts";

/** Throws OpsError "failed"; then everything is as it was. Heeds no signal: it is over in a moment. */
export async function swapDirectory(
  { target, incoming, aside }: Omit<SwapEntry, "kind">,
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

/** Put right what was left in the middle; resolves to notes on what was done. Safe to repeat. */
export async function undoSwap(entry: SwapEntry, access: SwapAccess): Promise<readonly string[]> {
  const { target, incoming, aside } = entry;
  const notes: string[] = [];
  if (!(await exists(target, access)) && (await exists(aside, access))) {
    await move(aside, target, access);
    notes.push(`Put back what was to be replaced: ${target}`);
  } else if (await exists(aside, access)) {
    notes.push(`Replaced as a whole: ${target}; what was before lies in ${aside}`);
  } else {
    notes.push(`As it was: ${target}`);
  }
  if (await exists(incoming, access)) {
    await removeTree(incoming, access.timeoutMs * 10);
    notes.push(`Removed what was half restored: ${incoming}`);
  }
  return notes;
}
