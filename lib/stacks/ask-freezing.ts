/** Questions to file systems about snapshots, shared blocks and room for copies. */
import { dirname } from "node:path";
import type { SnapshotSource } from "#lib/core/freeze.ts";
import type { Staging } from "#lib/core/freeze-obstacles.ts";
import { isWithin, type Mount, mountOf } from "#lib/core/mount-table.ts";
import {
  type Answer,
  ask,
  askRealPath,
  askSpace,
  type FileSystemAsker,
} from "#lib/preflight/ask-file-system.ts";
import { subvolumeInode } from "#lib/stacks/measure-tree.ts";

/** What contains a path and can be snapshotted, or why nothing can. */
export async function findSnapshotSource(
  path: string,
  mount: Mount,
  asker: FileSystemAsker,
): Promise<Answer<SnapshotSource>> {
  const { fileSystem, mountPoint, source } = mount;
  if (fileSystem === "zfs") {
    const program = await ask(asker, ["zfs", "version"]);
    return program.ok ? { ok: true, value: { kind: "zfs", dataset: source, top: mountPoint } } : program;
  }
  if (fileSystem !== "btrfs") return { ok: false, reason: `the data is on ${fileSystem}` };
  const program = await ask(asker, ["btrfs", "--version"]);
  if (!program.ok) return program;
  const ways = waysUp(path, mountPoint);
  const inodes = await ask(asker, ["stat", "--format=%i", "--", ...ways]);
  if (!inodes.ok) return inodes;
  const top = ways[inodes.value.split("\n").indexOf(subvolumeInode)];
  // Mounted is a directory of a subvolume, whose own top is not in sight.
  if (top === undefined) return { ok: false, reason: `"${mountPoint}" is not the top of a subvolume` };
  return { ok: true, value: { kind: "btrfs", top } };
}

/** The path and the directories that it lies in, up to the mount point. */
function waysUp(path: string, mountPoint: string): readonly string[] {
  const ways = [path];
  for (let way = path; way !== mountPoint && way !== "/"; ) {
    way = dirname(way);
    ways.push(way);
  }
  return ways;
}

/** Whether copies on the file system can share their blocks. XFS can since years, unless it was made without. */
export async function canReflink(mount: Mount, asker: FileSystemAsker): Promise<boolean> {
  if (mount.fileSystem !== "xfs") return mount.fileSystem === "btrfs";
  const facts = await ask(asker, ["xfs_info", mount.mountPoint]);
  return !(facts.ok && /\breflink=0\b/.test(facts.value));
}

/** The directories in which a copy of `path` could be made, the best first; with none of them, why. */
export async function findStagings(
  path: string,
  mount: Mount,
  mounts: readonly Mount[],
  asker: FileSystemAsker & { readonly stagingDir: string | undefined; readonly spareDir: string | undefined },
): Promise<{ readonly stagings: readonly Staging[]; readonly problem: string }> {
  const beside = await findOwnDirectory(dirname(path), asker);
  const isBeside = path !== mount.mountPoint && beside.ok && mountOf(beside.value, mounts) === mount;
  const places =
    asker.stagingDir === undefined
      ? [...(isBeside ? [beside.value] : []), asker.spareDir]
      : [asker.stagingDir];
  const stagings: Staging[] = [];
  let problem = `nothing near "${path}" is on its file system and safe from other users`;
  for (const place of places) {
    if (place === undefined) continue;
    const staging = await surveyStaging(place, path, mount, mounts, asker);
    if (staging.ok) stagings.push(staging.value);
    else problem = `"${place}" is no place for a copy: ${staging.reason}`;
  }
  return { stagings, problem };
}

/** Nobody else may move what lies in it: others may not write there, or only to what is theirs. */
const isOwn = (uid: string, mode: number, own: string) =>
  (uid === "0" || uid === own) && ((mode & 0o022) === 0 || (mode & 0o1000) !== 0);

/**
 * The nearest directory on the way up in which nobody else can put a symlink in the place of a copy that is being written. All that
 * lead to it must be such as well.
 */
async function findOwnDirectory(path: string, asker: FileSystemAsker): Promise<Answer<string>> {
  const ways = waysUp(path, "/").toReversed();
  const answer = await ask(asker, ["stat", "--format=%u %a", "--", "/proc/self/", ...ways]);
  if (!answer.ok) return answer;
  const [own = "", ...owners] = answer.value.split("\n").map((line) => line.split(" "));
  const strange = owners.findIndex(
    ([uid = "", mode = ""]) => !isOwn(uid, Number.parseInt(mode, 8), own[0] ?? ""),
  );
  const found = strange === -1 ? path : ways[strange - 1];
  return found === undefined
    ? { ok: false, reason: '"/" may be written by others' }
    : { ok: true, value: found };
}

async function surveyStaging(
  place: string,
  root: string,
  rootMount: Mount,
  mounts: readonly Mount[],
  asker: FileSystemAsker,
): Promise<Answer<Staging>> {
  const real = await askRealPath(asker, place);
  if (!real.ok) return real;
  const path = real.value;
  if (isWithin(path, root)) return { ok: false, reason: "it lies in the data" };
  const mount = mountOf(path, mounts);
  if (mount === undefined) return { ok: false, reason: "its mount is unknown" };
  const space = await askSpace(asker, path);
  if (!space.ok) return space;
  const { fileSystem, mountPoint } = mount;
  return {
    ok: true,
    value: { path, fileSystem, mountPoint, ...space.value, isSameFileSystem: mount === rootMount },
  };
}
