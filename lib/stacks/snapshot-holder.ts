/** Snapshots of btrfs subvolumes and ZFS datasets: one of the whole holds every root in it, however large. */
import { join, relative } from "node:path";
import type { RootFacts, SnapshotSource } from "#lib/core/freeze.ts";
import { frozenName } from "#lib/core/frozen-name.ts";
import type { FreezeAccess } from "#lib/stacks/freezer.ts";
import { type Holder, keepInJournal } from "#lib/stacks/holder.ts";
import type { FrozenEntry } from "#lib/stacks/remove-frozen.ts";
import { runCommand, syncFileSystem } from "#lib/stacks/run-command.ts";

type Command = readonly [string, ...string[]];

interface Snapshot {
  readonly entry: FrozenEntry;
  readonly take: Command;
  /** What it shows of the source's top directory. */
  readonly directory: string;
}

/** Hold `roots`, all of which lie in `source`. */
export function createSnapshotHolder(
  source: SnapshotSource,
  roots: readonly RootFacts[],
  index: number,
  access: FreezeAccess,
): Holder {
  const name = frozenName(access.runId, access.stack, index);
  const mountPoint = roots[0]?.mountPoint ?? source.top;
  const { entry, take, directory } = describeSnapshot(source, name, mountPoint);
  const kept = keepInJournal(entry, access);
  const frozen = roots.map(({ path }) => ({
    original: path,
    frozen: join(directory, relative(source.top, path)),
  }));
  return {
    prepare: async () => {
      await kept.record();
      // The snapshot would write all of it in the window.
      await syncFileSystem(source.top, access);
    },
    freeze: async () => {
      await runCommand(take, `take a snapshot of "${source.top}"`, access, access.timeoutMs);
      const paths = frozen.map((root) => root.frozen);
      await runCommand(["stat", "--", ...paths], "find the data in the snapshot", access, access.timeoutMs);
      return frozen;
    },
    release: kept.remove,
  };
}

function describeSnapshot(source: SnapshotSource, name: string, mountPoint: string): Snapshot {
  if (source.kind === "btrfs") {
    const path = join(source.top, name);
    return {
      entry: { kind: "frozen", how: "btrfs", path, mountPoint },
      take: ["btrfs", "subvolume", "snapshot", "-r", source.top, path],
      directory: path,
    };
  }
  const plain = name.slice(1);
  const path = `${source.dataset}@${plain}`;
  return {
    entry: { kind: "frozen", how: "zfs", path, mountPoint },
    take: ["zfs", "snapshot", path],
    directory: join(source.top, ".zfs/snapshot", plain),
  };
}
