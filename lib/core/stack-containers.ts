/** Which containers are those of a stack. */
import type { Container } from "#lib/core/containers.ts";

interface Place {
  /** As it was found, and without symlinks. */
  readonly directories: readonly string[];
  /** Name of the compose project. */
  readonly project: string;
}

/**
 * Those that compose made in the stack's directory; else those of a project of its name that compose did not make in the
 * directory of another stack.
 *
 * A manager of stacks that itself lives in a container writes its own path into the labels, which means nothing on the host.
 */
export function findContainers(
  { directories, project }: Place,
  containers: readonly Container[],
  otherDirectories: ReadonlySet<string>,
): Container[] {
  const isHere = ({ workingDir }: Container) => workingDir !== undefined && directories.includes(workingDir);
  const [first] = containers.filter((container) => isHere(container) && !container.isOneOff);
  // Whatever else has the name of that project is stopped and started together with it.
  if (first !== undefined) return containers.filter((container) => container.project === first.project);
  return containers.filter(
    (container) => container.project === project && !otherDirectories.has(container.workingDir ?? ""),
  );
}
