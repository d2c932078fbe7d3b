/** What dead runs left: unfinished sets, and sets whose removal was cut short. */
import { dirname, join, relative } from "node:path";
import { isOtherMachine, type KnownMachine } from "#lib/core/machine-ids.ts";
import { describeError, isForeseen } from "#lib/core/ops-error.ts";
import { layoutDepth, layoutPattern, parsePartialName } from "#lib/core/set-layout.ts";
import { removePartialSet } from "#lib/stores/partial-set.ts";
import { removeHidden, removingPrefix } from "#lib/stores/remove-set.ts";
import { directoriesAtDepth, listDirectory, readManifest } from "#lib/stores/set-listing.ts";

export interface SweepRequest {
  /** What another machine of the same name writes here may be alive. */
  readonly host: KnownMachine & { readonly name: string };
  readonly job: string;
  readonly layout: string;
  readonly isRunAlive: (runId: string) => Promise<boolean>;
  readonly deadlineMs: number;
}

export interface Swept {
  readonly removed: readonly string[];
  readonly left: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Remove leftovers of this host and job. Those of others, and of a run that lives, stay; symlinks are not followed. What cannot be
 * removed is left and named: it costs room, and shall not cost the next backup as well.
 */
export async function sweepLeftovers(root: string, request: SweepRequest): Promise<Swept> {
  const { deadlineMs } = request;
  const removed: string[] = [];
  const left: { path: string; reason: string }[] = [];
  const remove = async (path: string, act: () => Promise<void>) => {
    try {
      await act();
      removed.push(path);
    } catch (error) {
      if (!isForeseen(error)) throw error;
      left.push({ path, reason: describeError(error) });
    }
  };
  for (const entry of await listDirectory(root, deadlineMs)) {
    const owner = parsePartialName(entry.name);
    if (owner?.host !== request.host.name || owner.job !== request.job) continue;
    const path = join(root, entry.name);
    if (isOtherMachine(owner.machine ?? "", request.host)) {
      left.push({
        path,
        reason:
          "another machine of this name writes it, or did this one before it was reinstalled or moved: then remove it by hand",
      });
    } else if (!entry.isDirectory()) left.push({ path, reason: "it is no directory, and not ours" });
    else if (await request.isRunAlive(owner.runId)) left.push({ path, reason: "its run is alive" });
    else await remove(path, () => removePartialSet(path, deadlineMs * 10));
  }
  for (const path of await findRemovals(root, request))
    await remove(path, () => removeHidden(root, path, deadlineMs));
  return { removed, left };
}

/** A set under a removal's name was to go; whose it was, its manifest still says, or, if that is gone already, the place where it lies. */
async function findRemovals(
  root: string,
  { host, job, layout, deadlineMs }: SweepRequest,
): Promise<string[]> {
  const { found } = await directoriesAtDepth(root, layoutDepth(layout), deadlineMs, (name) =>
    name.startsWith(removingPrefix),
  );
  const parents = layoutPattern(layout.split("/").slice(0, -1).join("/"), { host: host.name, job });
  const isOwnPlace = (path: string) => parents.test(relative(root, dirname(path)));
  const reads = found.map(async (path) => ({ path, read: await readManifest(path, deadlineMs) }));
  return (await Promise.all(reads))
    .filter(({ path, read }) =>
      read.ok ? read.manifest.host.name === host.name && read.manifest.job === job : isOwnPlace(path),
    )
    .map(({ path }) => path);
}
