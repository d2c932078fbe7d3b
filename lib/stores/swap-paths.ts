/**
 * Several paths in the place of others: all of them, or, if anything goes wrong on the way, none.
 *
 * No kernel renames several names at once. So every old path stays under its other name until the whole is done, and whoever
 * dies before that is put right by `rollBackSwaps`, which looks at what is there and needs to know nothing of how far it came.
 * Of a mount point the content is moved instead, in two phases; the name of the incoming directory says which one it is.
 */
import { basename, dirname } from "node:path";
import type { PathSwap, StackSwap } from "#lib/core/undo.ts";
import { exists, move, moveBack, runStep, type SwapAccess } from "#lib/stores/path-steps.ts";
import { removeTree } from "#lib/tools/remove-tree.ts";

type Boxed = Pick<StackSwap, "swaps" | "boxes">;

/** Throws OpsError "failed" in the middle of it: then it must be rolled back. */
export async function swapPaths({ swaps, boxes }: Boxed, access: SwapAccess): Promise<void> {
  for (const swap of swaps)
    await (swap.how === "name" ? swapName(swap, access) : swapContent(swap, boxes, access));
  await syncAll(swaps, access);
}

/** Whether any of them has begun. */
export async function hasSwapped({ swaps }: Boxed, access: SwapAccess): Promise<boolean> {
  for (const swap of swaps) {
    if (await exists(swap.aside, access)) return true;
    if (!swap.wasThere && (await isNewInPlace(swap, access))) return true;
  }
  return false;
}

/** Put every path back; resolves to notes on what was in the way. Safe to repeat, until the boxes are removed. */
export async function rollBackSwaps({ swaps, boxes }: Boxed, access: SwapAccess): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const swap of swaps.toReversed()) {
    if (swap.how === "name") notes.push(...(await putNameBack(swap, access)));
    else await putContentBack(swap, boxes, access);
  }
  await syncAll(swaps, access);
  return notes;
}

/** What came, as far as it is not in its place. */
export async function removeBoxes(
  { boxes }: Pick<StackSwap, "boxes">,
  { timeoutMs }: SwapAccess,
): Promise<void> {
  for (const box of boxes) await removeTree(box, timeoutMs * 10);
}

async function swapName({ target, incoming, aside, wasThere }: PathSwap, access: SwapAccess): Promise<void> {
  if (wasThere) await move(target, aside, access);
  await move(incoming, target, access);
}

async function putNameBack(swap: PathSwap, access: SwapAccess): Promise<readonly string[]> {
  const { target, incoming, aside, wasThere } = swap;
  if (await isNewInPlace(swap, access)) {
    if (!wasThere || (await exists(aside, access))) await move(target, incoming, access);
  }
  return wasThere && (await exists(aside, access)) ? moveBack(aside, target, access) : [];
}

/** What is there now is ours if it has left its box, and the box is still there. */
async function isNewInPlace({ target, incoming }: PathSwap, access: SwapAccess): Promise<boolean> {
  if (!(await exists(dirname(incoming), access)) || (await exists(incoming, access))) return false;
  return exists(target, access);
}

async function swapContent(swap: PathSwap, boxes: readonly string[], access: SwapAccess): Promise<void> {
  const { target, incoming, aside } = swap;
  const arriving = arrivingOf(incoming);
  await runStep(["mkdir", "--mode=700", "--", aside], `create "${aside}"`, access);
  await likeness(target, aside, access);
  await moveContent(target, aside, [...boxes, aside], access);
  await move(incoming, arriving, access);
  await likeness(arriving, target, access);
  await moveContent(arriving, target, [], access);
}

async function putContentBack(swap: PathSwap, boxes: readonly string[], access: SwapAccess): Promise<void> {
  const { target, incoming, aside } = swap;
  const arriving = arrivingOf(incoming);
  if (!(await exists(aside, access))) return;
  if (await exists(arriving, access)) {
    await moveContent(target, arriving, [...boxes, aside], access);
    await likeness(aside, target, access);
    await move(arriving, incoming, access);
  }
  await moveContent(aside, target, [], access);
  await runStep(["rmdir", "--", aside], `remove "${aside}"`, access);
}

/** From then on what is in the target is new. */
function arrivingOf(incoming: string): string {
  return `${incoming}.arriving`;
}

/** All in a directory but `kept`, and what mkfs has made there. Replaces nothing. */
async function moveContent(
  from: string,
  to: string,
  kept: readonly string[],
  access: SwapAccess,
): Promise<void> {
  const names = [
    "lost+found",
    ...kept.filter((path) => dirname(path) === from).map((path) => basename(path)),
  ];
  const others = names.flatMap((name) => ["!", "-name", name]);
  const moving = ["-exec", "mv", "--no-clobber", `--target-directory=${to}`, "--", "{}", "+"];
  const range = ["-mindepth", "1", "-maxdepth", "1"];
  await runStep(["find", from, ...range, ...others, ...moving], `move what is in "${from}"`, access);
}

async function likeness(of: string, path: string, access: SwapAccess): Promise<void> {
  await runStep(["chown", `--reference=${of}`, "--", path], `give "${path}" its owner`, access);
  await runStep(["chmod", `--reference=${of}`, "--", path], `give "${path}" its mode`, access);
}

async function syncAll(swaps: readonly PathSwap[], access: SwapAccess): Promise<void> {
  const directories = new Set(swaps.map(({ target, how }) => (how === "name" ? dirname(target) : target)));
  for (const path of directories)
    await runStep(["sync", "--file-system", "--", path], `sync "${path}"`, access);
}
