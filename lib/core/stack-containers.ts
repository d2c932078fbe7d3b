/** Which containers are those of a stack. */
import type { Container } from "#lib/core/containers.ts";
import type { ResolvedPath } from "#lib/core/stack-data.ts";

/** The projects that compose made in one of these directories, which are names of the same; those that run first. */
export function listDeployed(directories: readonly string[], containers: readonly Container[]): string[] {
  const deployed = containers.filter(
    ({ workingDir, isOneOff }) => workingDir !== undefined && directories.includes(workingDir) && !isOneOff,
  );
  const isUp = (name: string) =>
    containers.some(({ project, state }) => project === name && state === "running");
  const projects = [...new Set(deployed.map(({ project }) => project))];
  return projects.sort((a, b) => Number(isUp(b)) - Number(isUp(a)) || (a < b ? -1 : 1));
}

/** All containers of the first of them. */
export function findDeployed(directories: readonly string[], containers: readonly Container[]): Container[] {
  const [deployed] = listDeployed(directories, containers);
  return containers.filter(({ project }) => project === deployed);
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
