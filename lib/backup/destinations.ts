/** Where the sets of a job go, and what is known about each before anything is written. */
import { describeInside, findInside, insideHint, isSameDirectory } from "#lib/backup/find-inside.ts";
import type { Settings } from "#lib/config/schema.ts";
import { machineMark } from "#lib/core/machine-ids.ts";
import { isWithin } from "#lib/core/mount-table.ts";
import type { Finding } from "#lib/core/report.ts";
import type { RequiredMount } from "#lib/core/required-mount.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { formatLayout, partialName } from "#lib/core/set-layout.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
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

/** Whether a destination exists, is not the first one by another path and, symlinks and mounts resolved, lies outside every source. */
export async function checkDestination(
  context: RunContext<Settings>,
  { role, root, isRequired }: Destination,
  sources: readonly Source[],
): Promise<Finding> {
  const asker = createAsker(context);
  const { BACKUP_DIR, BACKUP_LAYOUT, JOB } = context.settings;
  const exists = await checkDirectory(asker, role, root);
  if (!exists.passed) return exists;
  const refuse = (message: string, hint: string) => ({ name: role, passed: false, message, hint });
  if (!isRequired && (await isSameDirectory(asker, root, BACKUP_DIR))) {
    return refuse(
      `Cannot use ${role} "${root}": it is "${BACKUP_DIR}" by another path`,
      "Two copies in one place are one: choose another disk, or take SECONDARY_DIR out",
    );
  }
  const place = { path: root, layout: BACKUP_LAYOUT, host: context.host.name, job: JOB };
  const inside = await findInside(asker, place, sources);
  if (inside === undefined) return exists;
  return refuse(`Cannot write to "${root}": ${describeInside(root, inside)}`, insideHint);
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
