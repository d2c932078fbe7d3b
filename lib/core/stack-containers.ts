/** Which containers are those of a stack. */
import type { Container } from "#lib/core/containers.ts";
import type { ResolvedPath } from "#lib/core/stack-data.ts";

/** All of the project that compose made in one of these directories, which are names of the same. */
export function findDeployed(directories: readonly string[], containers: readonly Container[]): Container[] {
  const deployed = containers.find(
    ({ workingDir, isOneOff }) => workingDir !== undefined && directories.includes(workingDir) && !isOneOff,
  );
  return deployed === undefined ? [] : containers.filter(({ project }) => project === deployed.project);
}

/**
 * All of a project of that name that was not made in another directory of this host; `places` says what the directories in
 * their labels are.
 *
 * A manager of stacks that itself lives in a container writes its own path into the labels, which means nothing here.
 */
export function findNamed(
  project: string,
  directory: string,
  containers: readonly Container[],
  places: ReadonlyMap<string, ResolvedPath>,
): Container[] {
  return containers.filter(({ project: name, workingDir = "" }) => {
    const place = places.get(workingDir);
    return name === project && (place?.type !== "directory" || place.path === directory);
  });
}
