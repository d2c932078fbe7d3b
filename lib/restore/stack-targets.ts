/** Where on this host the paths of a stack are, and how each of them can be replaced. Nothing is written. */
import { basename, dirname, join } from "node:path";
import {
  findUnmounted,
  type Mount,
  mountOf,
  mountsBelow,
  parseFstab,
  parseMountTable,
} from "#lib/core/mount-table.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { isAnonymousVolume, type StackItem } from "#lib/core/stack-items.ts";
import { locateVolume } from "#lib/core/volumes.ts";
import { ask, type FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { askerOf } from "#lib/restore/target-directory.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import { resolvePaths } from "#lib/stacks/resolve-paths.ts";

export interface StackTarget {
  readonly item: StackItem;
  /** Without symlinks that lead to it; of data, what a link leads to is replaced, not the link. */
  readonly path: string;
  readonly wasThere: boolean;
  /** Of a mount point the content is replaced. */
  readonly how: "name" | "content";
  /** The nearest directory that exists, in which its new name would be made. */
  readonly base: string;
  /** Paths of one file system, within which names can be changed. */
  readonly fileSystem: string;
}

export interface StackTargets {
  readonly targets: readonly StackTarget[];
  /** Volumes that docker does not know. */
  readonly absentVolumes: readonly string[];
  /** What of the archive has no place here. */
  readonly notes: readonly string[];
}

interface Machine {
  readonly asker: FileSystemAsker;
  readonly mounts: readonly Mount[];
  readonly fstab: readonly string[];
}

/** Throws OpsError "failed" for what cannot be replaced. */
export async function locateTargets(
  context: RestoreContext,
  docker: Docker,
  items: readonly StackItem[],
): Promise<StackTargets> {
  const asker = askerOf(context);
  const machine = await readMachine(asker);
  const names = items.flatMap(({ volume }) => volume ?? []);
  const volumes = new Map((await docker.readVolumes(names)).map((volume) => [volume.name, volume]));
  const targets: StackTarget[] = [];
  const absentVolumes: string[] = [];
  const notes: string[] = [];
  for (const item of items) {
    const volume = volumes.get(item.volume ?? "");
    if (item.volume !== undefined && volume === undefined) {
      if (isAnonymousVolume(item.volume)) {
        notes.push(
          `Volume "${item.name}" has no name, and is gone with its container: its data stays in the set`,
        );
        continue;
      }
      absentVolumes.push(item.volume);
    }
    const place = volume === undefined ? { path: item.path } : locateVolume(volume);
    if ("reason" in place)
      throw refuse(item.name, place.reason, "Restore it into a directory of its own, and copy");
    targets.push(await locateTarget(machine, item, place.path));
  }
  return { targets, absentVolumes, notes };
}

async function readMachine(asker: FileSystemAsker): Promise<Machine> {
  const mounts = await ask(asker, ["cat", "/proc/self/mountinfo"]);
  if (!mounts.ok) throw new OpsError(`Cannot read what is mounted: ${mounts.reason}`, { outcome: "failed" });
  // A machine may well have none.
  const fstab = await ask(asker, ["cat", "/etc/fstab"]);
  return { asker, mounts: parseMountTable(mounts.value), fstab: fstab.ok ? parseFstab(fstab.value) : [] };
}

async function locateTarget(machine: Machine, item: StackItem, wanted: string): Promise<StackTarget> {
  const { asker, mounts, fstab } = machine;
  const path = await findPath(asker, item, wanted);
  const disk = findUnmounted(path, mounts, fstab);
  if (disk !== undefined) throw refuse(path, `nothing is mounted at "${disk}"`, `Mount it: mount '${disk}'`);
  const below = mountsBelow(path, mounts);
  if (below.length > 0) {
    const hint = "Name paths beside that mount, or restore into a directory of its own, and copy";
    throw refuse(path, `something is mounted at ${below.join(", ")}`, hint);
  }
  const type = await ask(asker, ["stat", "--format=%F", "--", path]);
  if (!type.ok && type.reason.startsWith("no answer")) throw refuse(path, type.reason, "Look at its mount");
  const isMounted = mounts.some(({ mountPoint }) => mountPoint === path);
  if (isMounted && !(type.ok && type.value === "directory")) {
    throw refuse(
      path,
      "it is a mounted file, which cannot be renamed away",
      "Copy it out of the archive by hand",
    );
  }
  const base = isMounted ? path : await findBase(asker, dirname(path));
  const device = await ask(asker, ["stat", "--format=%d", "--", base]);
  const mount = mountOf(base, mounts);
  if (!device.ok || mount === undefined) {
    throw refuse(path, device.ok ? "its mount is unknown" : device.reason, "Look at its mount");
  }
  const writable = await ask(asker, ["test", "-w", base]);
  if (!writable.ok) throw refuse(path, `"${base}" cannot be written`, "Run it as root");
  return {
    item,
    path,
    wasThere: type.ok,
    how: isMounted ? "content" : "name",
    base,
    fileSystem: `${mount.mountPoint} ${device.value}`,
  };
}

/** A link that belongs to the stack's definition is replaced itself. */
async function findPath(asker: FileSystemAsker, { kind }: StackItem, wanted: string): Promise<string> {
  const asked = kind === "data" ? wanted : dirname(wanted);
  const problems: string[] = [];
  const found = (await resolvePaths(asker, [asked], problems)).get(asked);
  const [problem] = problems;
  if (found === undefined || problem !== undefined)
    throw refuse(wanted, problem ?? "it is unknown", "Look at its mount");
  return kind === "data" ? found.path : join(found.path, basename(wanted));
}

async function findBase(asker: FileSystemAsker, directory: string): Promise<string> {
  for (let at = directory; ; at = dirname(at)) {
    const type = await ask(asker, ["stat", "--dereference", "--format=%F", "--", at]);
    if (type.ok && type.value === "directory") return at;
    if (type.ok) throw refuse(directory, `"${at}" is a ${type.value}`, "Move it away");
    if (type.reason.startsWith("no answer") || at === "/")
      throw refuse(directory, type.reason, "Look at its mount");
  }
}

function refuse(path: string, reason: string, hint: string): OpsError {
  return new OpsError(`Cannot replace "${path}": ${reason}`, { outcome: "failed", hint });
}
