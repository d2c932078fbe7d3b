/** Whether what is written lies in what is read: a backup that holds the earlier ones doubles each night. */
import { join } from "node:path";
import { isWithin, parseMountTable, sharedPlaces } from "#lib/core/mount-table.ts";
import { layoutTop } from "#lib/core/set-layout.ts";
import { ask, askRealPath, type FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import type { Source } from "#lib/sources/source.ts";

export interface Inside {
  /** The source's directory, as it is configured. */
  readonly source: string;
  /** The name by which it is found there. */
  readonly as: string;
}

/** A directory in which sets of a job gather. */
export interface SetsPlace {
  readonly path: string;
  readonly layout: string;
  readonly host: string;
  readonly job: string;
}

/** Where in the sources a place of sets lies: by its name, symlinks resolved, or, be it a part of the job's sets, by a mount. */
export async function findInside(
  asker: FileSystemAsker,
  { path, layout, host, job }: SetsPlace,
  sources: readonly Source[],
): Promise<Inside | undefined> {
  const setsIn = join(path, layoutTop(layout, { host, job }));
  const [real, realSets] = await Promise.all([askRealPath(asker, path), askRealPath(asker, setsIn)]);
  const mounts = await ask(asker, ["cat", "/proc/self/mountinfo"]);
  const table = parseMountTable(mounts.ok ? mounts.value : "");
  for (const { root } of sources) {
    const sourceReal = root === undefined ? undefined : await askRealPath(asker, root);
    if (root === undefined || sourceReal?.ok !== true || !real.ok) continue;
    if (isWithin(real.value, sourceReal.value)) return { source: root, as: real.value };
    const places = [
      ...sharedPlaces(real.value, sourceReal.value, table).filter(({ outside }) => outside === real.value),
      ...(realSets.ok ? sharedPlaces(realSets.value, sourceReal.value, table) : []),
    ];
    for (const { inside, outside } of places) {
      if (await isSameDirectory(asker, inside, outside)) return { source: root, as: inside };
    }
  }
  return undefined;
}

/** By what the file system knows them by: a bind mount shows in no path. */
export async function isSameDirectory(asker: FileSystemAsker, one: string, other: string): Promise<boolean> {
  const answer = await ask(asker, ["stat", "--dereference", "--format=%d:%i", "--", one, other]);
  const [first, second] = answer.ok ? answer.value.split("\n") : [];
  return first !== undefined && first === second;
}

export const insideHint =
  "A backup must not contain itself: choose another directory, or take the mount out of the source";

export function describeInside(path: string, { source, as }: Inside): string {
  return `it lies inside the source "${source}"${as === path || isWithin(path, source) ? "" : `, as "${as}"`}`;
}
