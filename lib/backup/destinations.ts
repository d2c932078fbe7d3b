/** Where the sets of a job go, and what is known about each before anything is written. */
import type { Settings } from "#lib/config/schema.ts";
import { machineMark } from "#lib/core/machine-ids.ts";
import type { Finding } from "#lib/core/report.ts";
import type { RequiredMount } from "#lib/core/required-mount.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { formatLayout, partialName } from "#lib/core/set-layout.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import { ask, askRealPath } from "#lib/preflight/ask-file-system.ts";
import { checkDirectory } from "#lib/preflight/check-directory.ts";
import type { Source } from "#lib/sources/source.ts";

export interface Destination {
  readonly role: "destination" | "second destination";
  readonly root: string;
  /** Without it there is no run; without the second one the run is partial. */
  readonly isRequired: boolean;
  /** The lines of REQUIRE_MOUNT that speak of this destination alone. */
  readonly mounts: readonly RequiredMount[];
}

/** One destination's copy of the set under way. */
export interface SetCopy {
  readonly destination: Destination;
  readonly directory: string;
}

/** The destinations of a job; the first is required. */
export function listDestinations(settings: Settings): readonly [Destination, ...Destination[]] {
  const { BACKUP_DIR, SECONDARY_DIR, REQUIRE_MOUNT, APP_DIR } = settings;
  const isNeededElsewhere = (mount: RequiredMount) =>
    [BACKUP_DIR, APP_DIR].some((path) => path !== undefined && isWithin(path, mount.path));
  const isSecondaryOnly = (mount: RequiredMount) =>
    SECONDARY_DIR !== undefined && isWithin(SECONDARY_DIR, mount.path) && !isNeededElsewhere(mount);
  const first: Destination = {
    role: "destination",
    root: BACKUP_DIR,
    isRequired: true,
    mounts: REQUIRE_MOUNT.filter((mount) => !isSecondaryOnly(mount)),
  };
  if (SECONDARY_DIR === undefined) return [first];
  const second: Destination = {
    role: "second destination",
    root: SECONDARY_DIR,
    isRequired: false,
    mounts: REQUIRE_MOUNT.filter(isSecondaryOnly),
  };
  return [first, second];
}

/** Whether `path` is `directory` or lies in it; both absolute and normalised. */
export function isWithin(path: string, directory: string): boolean {
  const base = directory.endsWith("/") ? directory : `${directory}/`;
  return path === directory || path.startsWith(base);
}

/** Whether a destination exists, is not the first one by another path and, symlinks resolved, lies outside every source. */
export async function checkDestination(
  asker: FileSystemAsker,
  destination: Destination,
  first: string,
  sources: readonly Source[],
): Promise<readonly Finding[]> {
  const exists = await checkDirectory(asker, destination.role, destination.root);
  if (!exists.passed) return [exists];
  if (!destination.isRequired && (await isSameDirectory(asker, destination.root, first))) {
    const message = `Cannot use ${destination.role} "${destination.root}": it is "${first}" by another path`;
    const hint = "Two copies in one place are one: choose another disk, or take SECONDARY_DIR out";
    return [{ name: destination.role, passed: false, message, hint }];
  }
  const real = await askRealPath(asker, destination.root);
  const inside: Finding[] = [];
  for (const { root } of sources) {
    if (root === undefined) continue;
    const sourceReal = await askRealPath(asker, root);
    if (real.ok && sourceReal.ok && isWithin(real.value, sourceReal.value)) {
      inside.push({
        name: destination.role,
        passed: false,
        message: `Cannot write to "${destination.root}": it lies inside the source "${root}"`,
        hint: "A backup must not contain itself: choose another directory",
      });
    }
  }
  return inside.length > 0 ? inside : [exists];
}

/** By what the file system knows them by: a bind mount shows in no path. */
async function isSameDirectory(asker: FileSystemAsker, one: string, other: string): Promise<boolean> {
  const answer = await ask(asker, ["stat", "--dereference", "--format=%d:%i", "--", one, other]);
  const [first, second] = answer.ok ? answer.value.split("\n") : [];
  return first !== undefined && first === second;
}

/** Name under which this run writes what is not whole yet. */
export function partialNameOf({ host, settings, runId }: RunContext<Settings>): string {
  return partialName({ host: host.name, job: settings.JOB, runId, machine: machineMark(host) });
}

/** Where this run's set goes below a destination; a suffix is added while another set is there. */
export function setPathOf({ host, settings, startedAt }: RunContext<Settings>): string {
  const { BACKUP_LAYOUT, JOB, TIME_ZONE } = settings;
  return formatLayout(BACKUP_LAYOUT, { host: host.name, job: JOB, at: startedAt, timeZone: TIME_ZONE });
}

/** How questions to file systems are asked in this run. */
export function createAsker(context: RunContext<Settings>): FileSystemAsker {
  return { exec: context.deps.exec, timeoutMs: context.settings.FS_TIMEOUT, signal: context.signal };
}
