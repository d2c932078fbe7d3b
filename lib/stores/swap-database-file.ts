/**
 * A SQLite database in the place of another. What belongs to the old file, its log first of all, goes with it to its other name:
 * it would be applied to the new one. The file itself gets its other name as a second one, and then loses the first to what comes,
 * so that at no moment there is nothing of that name for an application to begin anew.
 */
import { dirname } from "node:path";
import type { DatabaseSwap } from "#lib/core/undo.ts";
import { exists, move, runStep, type SwapAccess } from "#lib/stores/path-steps.ts";

/** Log, index of the log, and journal of the older modes. */
const companions = ["-wal", "-shm", "-journal"] as const;

/** Throws OpsError "failed"; then it is to be undone. Heeds no signal: it is over in a moment. */
export async function swapDatabaseFile(
  { target, incoming, aside, wasThere }: DatabaseSwap,
  access: SwapAccess,
): Promise<void> {
  for (const suffix of companions) {
    if (await exists(target + suffix, access)) await move(target + suffix, aside + suffix, access);
  }
  if (wasThere) await runStep(["ln", "--no-dereference", "--", target, aside], `name "${aside}"`, access);
  await runStep(
    ["mv", "--no-target-directory", "--", incoming, target],
    `rename "${incoming}" to "${target}"`,
    access,
  );
  await runStep(["sync", "--file-system", "--", dirname(target)], `sync "${dirname(target)}"`, access);
}

/** Put right what was left in the middle; resolves to notes on what was done. Safe to repeat. */
export async function undoFileSwap(entry: DatabaseSwap, access: SwapAccess): Promise<readonly string[]> {
  const { target, incoming, aside, wasThere } = entry;
  const isLeft = await exists(incoming, access);
  const hasName = await exists(aside, access);
  if (!isLeft && (wasThere ? hasName : await exists(target, access))) {
    const kept = wasThere ? `what was before is ${aside}` : "there was none before";
    return [`Replaced as a whole: database ${target}; ${kept}`];
  }
  let isMoved = false;
  for (const suffix of companions) {
    if (!(await exists(aside + suffix, access))) continue;
    await move(aside + suffix, target + suffix, access);
    isMoved = true;
  }
  if (hasName) await takeBackName(target, aside, access);
  if (isLeft) await runStep(["rm", "--force", "--", incoming], `remove "${incoming}"`, access);
  return [
    isMoved || hasName
      ? `Put back what was to be replaced: database ${target}`
      : `As it was: database ${target}`,
    ...(isLeft ? [`Removed what was half restored: ${incoming}`] : []),
  ];
}

/** The other name of what is in its place; should that be gone, it is the only one. */
async function takeBackName(target: string, aside: string, access: SwapAccess): Promise<void> {
  if (!(await exists(target, access))) return move(aside, target, access);
  const action = `remove "${aside}": it is not what "${target}" is`;
  await runStep(["test", target, "-ef", aside], action, access);
  await runStep(["rm", "--force", "--", aside], `remove "${aside}"`, access);
}
