/**
 * How long a strategy keeps a stack stopped, in seconds.
 *
 * The constants were measured on a small server, for 63,000 small files and for few large ones, on ext4, XFS and btrfs. They need
 * only rank the strategies; a stack's own history corrects them.
 */
import type { FreezeMeasurement, FreezePlan, FreezeStrategy, RootFacts } from "#lib/core/freeze.ts";

type Amount = Pick<RootFacts, "files" | "bytes" | "sharesBlocks">;

const snapshotSeconds = 0.4;
/** Starting the programs of one pass over a tree. */
const startSeconds = { reflink: 0.05, presync: 0.2, none: 0.2 } as const;
const perFile = { reflink: 40e-6, presync: 5e-6, changed: 60e-6, none: 50e-6 } as const;
const bytesPerSecond = { reflink: 20e9, changed: 1.2e9, none: 700e6 } as const;
/** What an application changes between the copy and the stop, when nothing is known of it. */
const changedShare = 0.02;
const changedFiles = 4;

/** Of one root, by the constants alone. */
export function estimateSeconds(strategy: FreezeStrategy, root: Amount): number {
  const { files, bytes } = root;
  switch (strategy) {
    case "snapshot":
      return snapshotSeconds;
    case "reflink":
      return startSeconds.reflink + files * perFile.reflink + bytes / bytesPerSecond.reflink;
    case "presync":
      return startSeconds.presync + files * perFile.presync + estimateChanges(root);
    case "none":
      return startSeconds.none + files * perFile.none + bytes / bytesPerSecond.none;
  }
}

/** A file is copied whole however little of it changed, unless the copy can share its blocks. */
function estimateChanges({ files, bytes, sharesBlocks }: Amount): number {
  if (files === 0) return 0;
  const changed = Math.min(files, Math.max(files * changedShare, changedFiles));
  const changedBytes = sharesBlocks ? 0 : Math.min(bytes, (bytes / files) * changed);
  return changed * perFile.changed + changedBytes / bytesPerSecond.changed;
}

const least = 0.1;
const most = 20;

/** By how much this stack's own measurements differ from the constants: their median; 1 when there are none. */
export function correctionOf(
  strategy: FreezeStrategy,
  history: readonly FreezeMeasurement[],
  sharesBlocks: boolean,
): number {
  const ratios = history
    .filter((one) => one.strategy === strategy)
    .map((one) => one.seconds / estimateSeconds(strategy, { ...one, sharesBlocks }))
    .map((ratio) => Math.min(most, Math.max(least, ratio)))
    .sort((a, b) => a - b);
  return ratios[ratios.length >> 1] ?? 1;
}

/** What a plan is about: the scale of a measurement. */
export function amountOf({ roots }: FreezePlan): Pick<FreezeMeasurement, "files" | "bytes"> {
  return {
    files: roots.reduce((sum, { facts }) => sum + facts.files, 0),
    bytes: roots.reduce((sum, { facts }) => sum + facts.bytes, 0),
  };
}
