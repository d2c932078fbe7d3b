/** Who uses the paths of a stack that are to be replaced, and can that be stopped and started again. Pure. */
import type { Container } from "#lib/core/containers.ts";
import { dumpKindOf } from "#lib/core/dump-label.ts";
import { isWithin } from "#lib/core/mount-table.ts";

export interface Occupants {
  /** Of the stack: with their labels gone that say "leave it running", if they use what is replaced. */
  readonly containers: readonly Container[];
  /** Why the paths cannot be replaced under them. */
  readonly problems: readonly string[];
}

interface OccupantsRequest {
  readonly own: readonly Container[];
  /** Of every project. */
  readonly all: readonly Container[];
  readonly targets: readonly string[];
  /** Without symlinks, by the sources of mounts. */
  readonly resolve: (source: string) => string;
}

/**
 * A container keeps what it has mounted, also when that is renamed: one that runs on would go on with the old data, and be lost
 * for the new.
 */
export function judgeOccupants({ own, all, targets, resolve }: OccupantsRequest): Occupants {
  const pathsOf = ({ mounts }: Container) =>
    mounts.flatMap(({ source }) => (source === "" ? [] : resolve(source)));
  const heldBy = (container: Container) =>
    targets.find((target) => pathsOf(container).some((path) => isWithin(path, target)));
  // What has a directory above mounted sees what comes, but may be in the middle of writing.
  const isSeenBy = (container: Container) =>
    targets.some((target) => pathsOf(container).some((path) => isWithin(target, path)));
  const ownIds = new Set(own.map(({ id }) => id));
  const problems: string[] = [];
  for (const container of all) {
    const target = heldBy(container);
    const isUp = ["running", "restarting", "paused"].includes(container.state);
    if (target === undefined || !isUp) continue;
    const reason = whyNot(container, ownIds.has(container.id));
    if (reason !== undefined) problems.push(`Container "${container.name}" uses "${target}", and ${reason}`);
  }
  const containers = own.map((one) =>
    heldBy(one) === undefined && !isSeenBy(one) ? one : { ...one, labels: {} },
  );
  return { containers, problems };
}

function whyNot(container: Container, isOwn: boolean): string | undefined {
  if (!isOwn) return `belongs to stack "${container.project}": stop it first`;
  if (container.state === "paused") return "is paused: unpause it, or stop it";
  if (container.isOneOff) return "was started by docker compose run: stop it first";
  if (container.isAutoRemoved) return "docker would remove it when it stops: stop it first";
  if (dumpKindOf(container) === undefined) return undefined;
  return "is dumped while it runs, so the copy of its files is of no one moment: load its dump, and name the other paths";
}
