/** What stands in the way of each strategy for one root. Pure: the facts are asked for elsewhere. */
import type { FreezeStrategy } from "#lib/core/freeze.ts";
import { formatBytes } from "#lib/core/size.ts";

/** Where a copy would be made. */
export interface Staging {
  readonly path: string;
  readonly fileSystem: string;
  readonly mountPoint: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** The data lies on it as well. */
  readonly isSameFileSystem: boolean;
}

export interface RootSurvey {
  readonly fileSystem: string;
  readonly bytes: number;
  readonly files: number;
  /** Why there is no snapshot of what it lies in; undefined when there could be one. */
  readonly snapshotProblem: string | undefined;
  /** Names below it of subvolumes, and of what is mounted there: a snapshot lacks them. */
  readonly inside: { readonly subvolumes: readonly string[]; readonly mounts: readonly string[] };
  /** Undefined when there is no place for a copy, `stagingProblem` saying why. */
  readonly staging: Staging | undefined;
  readonly stagingProblem: string | undefined;
  readonly canReflink: boolean;
}

const gigabyte = 1024 ** 3;

/** Where a change of a file's content or name always shows in the time of its last change, and writes to mapped memory do. */
const trustedTimes = new Set(["ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs"]);

/** Where owners, modes, attributes, ACLs and holes are kept. */
const faithful = new Set([...trustedTimes, "zfs", "bcachefs"]);

/** Their names are compared in memory. */
const mostNames = 2_000_000;

/** What a file takes on its own in a copy that shares the rest. */
const bytesPerFile = 2048;

export function sharesBlocks({ staging, canReflink }: RootSurvey): boolean {
  return canReflink && staging?.isSameFileSystem === true;
}

export function findObstacles(survey: RootSurvey): Readonly<Partial<Record<FreezeStrategy, string>>> {
  const copy = findCopyObstacle(survey);
  const found: Record<Exclude<FreezeStrategy, "none">, string | undefined> = {
    snapshot: findSnapshotObstacle(survey),
    reflink: findReflinkObstacle(survey) ?? copy,
    presync: copy ?? findPresyncObstacle(survey),
  };
  return Object.fromEntries(Object.entries(found).filter(([, obstacle]) => obstacle !== undefined));
}

function findSnapshotObstacle({ snapshotProblem, inside }: RootSurvey): string | undefined {
  if (snapshotProblem !== undefined) return snapshotProblem;
  const [lacking] = [...inside.subvolumes, ...inside.mounts];
  return lacking === undefined ? undefined : `it would lack "${lacking}", which is a file system of its own`;
}

function findReflinkObstacle({ canReflink, fileSystem, staging }: RootSurvey): string | undefined {
  if (!canReflink) return `files on ${fileSystem} cannot share blocks`;
  if (staging === undefined || staging.isSameFileSystem) return undefined;
  return `"${staging.path}" is on another file system than the data`;
}

function findCopyObstacle(survey: RootSurvey): string | undefined {
  const { staging, stagingProblem, inside, bytes, files } = survey;
  const [mount] = inside.mounts;
  if (mount !== undefined) return `another file system is mounted in it, at "${mount}"`;
  if (staging === undefined) return stagingProblem ?? "there is no place for a copy";
  if (!faithful.has(staging.fileSystem)) {
    return `"${staging.path}" is on ${staging.fileSystem}, which does not keep everything of a file`;
  }
  const need = sharesBlocks(survey) ? files * bytesPerFile : bytes;
  // The services that run write there as well.
  const spare = Math.min(staging.totalBytes / 10, gigabyte + need / 10);
  if (staging.freeBytes >= need + spare) return undefined;
  const found = `${formatBytes(staging.freeBytes)} free in "${staging.path}"`;
  return `a copy needs ${formatBytes(need + spare)}, there are ${found}`;
}

function findPresyncObstacle({ fileSystem, files }: RootSurvey): string | undefined {
  if (!trustedTimes.has(fileSystem)) return `changes cannot be told for certain on ${fileSystem}`;
  if (files > mostNames) return `it has ${files.toLocaleString("en-US")} files, too many to compare`;
  return undefined;
}
