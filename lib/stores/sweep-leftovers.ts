/** What dead runs left: unfinished sets, and sets whose removal was cut short. */
import { join } from "node:path";
import { layoutDepth, parsePartialName } from "#lib/core/set-layout.ts";
import { removePartialSet } from "#lib/stores/partial-set.ts";
import { removeHidden, removingPrefix } from "#lib/stores/remove-set.ts";
import { directoriesAtDepth, listDirectory, readManifest } from "#lib/stores/set-listing.ts";

export interface SweepRequest {
  readonly host: string;
  readonly job: string;
  readonly layout: string;
  readonly isRunAlive: (runId: string) => Promise<boolean>;
  readonly deadlineMs: number;
}

export interface Swept {
  readonly removed: readonly string[];
  readonly left: readonly { readonly path: string; readonly reason: string }[];
}

/** Remove leftovers of this host and job. Those of others, and of a run that lives, stay; symlinks are not followed. */
export async function sweepLeftovers(root: string, request: SweepRequest): Promise<Swept> {
  const removed: string[] = [];
  const left: { path: string; reason: string }[] = [];
  for (const entry of await listDirectory(root, request.deadlineMs)) {
    const owner = parsePartialName(entry.name);
    if (owner?.host !== request.host || owner.job !== request.job) continue;
    const path = join(root, entry.name);
    if (!entry.isDirectory()) left.push({ path, reason: "it is no directory, and not ours" });
    else if (await request.isRunAlive(owner.runId)) left.push({ path, reason: "its run is alive" });
    else {
      await removePartialSet(path, request.deadlineMs * 10);
      removed.push(path);
    }
  }
  removed.push(...(await finishRemovals(root, request)));
  return { removed, left };
}

/** A set under a removal's name was to go; whose it was, its manifest still says unless that is gone already. */
async function finishRemovals(root: string, request: SweepRequest): Promise<string[]> {
  const removed: string[] = [];
  for (const parent of await directoriesAtDepth(root, layoutDepth(request.layout) - 1, request.deadlineMs)) {
    for (const entry of await listDirectory(parent, request.deadlineMs)) {
      if (!entry.isDirectory() || !entry.name.startsWith(removingPrefix)) continue;
      const path = join(parent, entry.name);
      const read = await readManifest(path, request.deadlineMs);
      const isOurs =
        !read.ok || (read.manifest.host.name === request.host && read.manifest.job === request.job);
      if (!isOurs) continue;
      await removeHidden(root, path, request.deadlineMs);
      removed.push(path);
    }
  }
  return removed;
}
