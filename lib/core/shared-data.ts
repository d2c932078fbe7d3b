/** Data of a stack that others write as well, and go on writing while it is stopped. */
import type { Container, Mount } from "#lib/core/containers.ts";
import { isWithin } from "#lib/core/mount-table.ts";
import type { DataRoot, ResolvedPath } from "#lib/core/stack-data.ts";
import { isSystemPath } from "#lib/core/system-paths.ts";

/** Paths that running containers can write to, as docker knows them. */
export function listWritten(containers: readonly Container[]): string[] {
  return containers
    .filter(isRunning)
    .flatMap(({ mounts }) => mounts.filter(isWritten).map(({ source }) => source));
}

/**
 * A line for each root that a running container outside the stack can write to. `places` says where the paths of
 * `listWritten` lead.
 */
export function describeShared(
  roots: readonly DataRoot[],
  own: readonly Container[],
  all: readonly Container[],
  places: ReadonlyMap<string, Pick<ResolvedPath, "path">>,
): string[] {
  const ids = new Set(own.map(({ id }) => id));
  const others = all.filter((container) => isRunning(container) && !ids.has(container.id));
  const writesTo = (container: Container, root: string) =>
    container.mounts.filter(isWritten).some(({ source }) => {
      const path = places.get(source)?.path ?? source;
      return isWithin(root, path) || isWithin(path, root);
    });
  return roots.flatMap(({ name, path }) => {
    const names = others.filter((container) => writesTo(container, path)).map((one) => `"${one.name}"`);
    return names.length === 0
      ? []
      : [`"${name}" is written by ${names.join(", ")} as well, which is not stopped with the stack`];
  });
}

function isRunning({ state }: Container): boolean {
  return state === "running" || state === "restarting";
}

/** What belongs to the machine says nothing of a stack. */
function isWritten({ source, isReadOnly }: Mount): boolean {
  return !isReadOnly && source !== "" && !isSystemPath(source);
}
