/** The words of freezing: what holds the data of a stack still while the stack runs on. */
import { z } from "zod";

/**
 * `snapshot`: one of the file system, of btrfs or ZFS. `reflink`: a copy that shares its blocks. `presync`: a copy made before the
 * stop, brought up to date in the window. `none`: archived where it lies, the stack stopped all the while.
 */
export const freezeStrategies = ["snapshot", "reflink", "presync", "none"] as const;

export type FreezeStrategy = (typeof freezeStrategies)[number];

export type FreezeSetting = "auto" | FreezeStrategy;

/** What can be snapshotted: the whole that a root lies in. */
export type SnapshotSource =
  | { readonly kind: "btrfs" /** Its own top directory. */; readonly top: string }
  | { readonly kind: "zfs"; readonly dataset: string /** Where it is mounted. */; readonly top: string };

/** What was found out about one data root: a directory, or a single file. */
export interface RootFacts {
  /** Absolute, without symlinks. */
  readonly path: string;
  readonly fileSystem: string;
  readonly mountPoint: string;
  readonly snapshotSource: SnapshotSource | undefined;
  /** Directory in which a copy of it would be made; undefined when there is none. */
  readonly staging: string | undefined;
  /** Mount point of that directory. */
  readonly stagingMount: string | undefined;
  /** Why a strategy is out of the question, in words that follow "because". */
  readonly obstacles: Readonly<Partial<Record<FreezeStrategy, string>>>;
  /** Copies in `staging` share their blocks with the data. */
  readonly sharesBlocks: boolean;
  readonly files: number;
  /** Allocated. */
  readonly bytes: number;
}

/** One root, and the strategies to try for it, best first; the last is always `none`. */
export interface PlannedRoot {
  readonly facts: RootFacts;
  readonly strategies: readonly FreezeStrategy[];
}

export interface FreezePlan {
  /** The slowest kind among the roots. */
  readonly strategy: FreezeStrategy;
  /** One sentence with the figures. */
  readonly why: string;
  /** What could not be had as it was asked for. */
  readonly notes: readonly string[];
  readonly roots: readonly PlannedRoot[];
}

/**
 * How long a stack's data took to be frozen: for `none`, to be archived. Belongs into the facts of its component, from where the
 * next run takes it.
 */
export const freezeMeasurementSchema = z.object({
  strategy: z.enum(freezeStrategies),
  seconds: z.number().nonnegative(),
  files: z.number().nonnegative(),
  bytes: z.number().nonnegative(),
});

export type FreezeMeasurement = z.infer<typeof freezeMeasurementSchema>;
