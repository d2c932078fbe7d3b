/** Removing a set, so that at no moment half a set bears a good name. */
import { lstat, realpath, rename, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode, OpsError } from "#lib/core/ops-error.ts";
import { readManifest, type StoredSet } from "#lib/stores/set-listing.ts";
import { withDeadline } from "#lib/tools/deadline.ts";
import { syncDirectory } from "#lib/tools/fsync.ts";
import { removeTree } from "#lib/tools/remove-tree.ts";

export const removingPrefix = ".removing-";

/**
 * Rename the set to a hidden name, then remove it, then the parent directories that it leaves empty, up to `root`.
 *
 * Refuses what is not below `root`, is a symlink, or no longer is the run that was planned. Throws OpsError "failed".
 */
export async function removeSet(root: string, set: StoredSet, deadlineMs: number): Promise<void> {
  const within = <Value>(promise: Promise<Value>) =>
    withDeadline(promise, deadlineMs, `remove "${set.path}"`);
  const refuse = (reason: string) =>
    new OpsError(`Cannot remove "${set.path}": ${reason}`, { outcome: "failed", hint: "Look at it by hand" });
  const { runId } = set.manifest;
  if (!(await within(lstat(set.path))).isDirectory()) throw refuse("it is no directory");
  const [realRoot, realParent] = await within(Promise.all([realpath(root), realpath(dirname(set.path))]));
  if (!`${realParent}/`.startsWith(`${realRoot}/`)) throw refuse(`it does not lie in "${root}"`);
  const now = await readManifest(set.path, deadlineMs);
  if (!now.ok || now.manifest.runId !== runId) throw refuse("it is not the set that was planned any more");

  const parent = dirname(set.path);
  const hidden = join(parent, `${removingPrefix}${runId}`);
  await within(rename(set.path, hidden));
  await within(syncDirectory(parent));
  await removeHidden(root, hidden, deadlineMs);
}

/** Remove a set that already bears a hidden name, and the parents that it leaves empty. */
export async function removeHidden(root: string, hidden: string, deadlineMs: number): Promise<void> {
  await removeTree(hidden, deadlineMs * 10);
  await removeEmptyParents(root, dirname(hidden), deadlineMs);
}

async function removeEmptyParents(root: string, from: string, deadlineMs: number): Promise<void> {
  for (let path = from; path !== root && path.startsWith(`${root}/`); path = dirname(path)) {
    try {
      await withDeadline(rmdir(path), deadlineMs, `remove "${path}"`);
    } catch (error) {
      if (["ENOTEMPTY", "EEXIST", "ENOENT"].includes(errorCode(error) ?? "")) return;
      throw error;
    }
  }
}
