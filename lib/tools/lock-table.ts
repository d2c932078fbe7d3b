/**
 * Which files the kernel holds locked by flock, from /proc/locks. Asking by trying to lock would hold the lock for that moment,
 * and a backup that starts in it would find it held.
 */

import { constants } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { errorCode } from "#lib/core/ops-error.ts";

/** `major:minor:inode` of every file that is locked. */
export type LockTable = ReadonlySet<string>;

export async function readLockTable(): Promise<LockTable> {
  const lines = (await readFile("/proc/locks", "utf8")).split("\n");
  // `3: FLOCK  ADVISORY  WRITE 812 00:1a:1234 0 EOF`; one that waits has `->` after its number.
  return new Set(lines.flatMap((line) => /^\d+: FLOCK\s+\S+\s+\S+\s+\S+ (\S+) /.exec(line)?.[1] ?? []));
}

export interface LockFile {
  readonly isHeld: boolean;
  /** What its holder wrote into it, or the last one that died. */
  readonly text: string;
}

const longest = 4096;

/** A lock file; one that is not there is held by nobody. */
export async function readLockFile(path: string, table: LockTable): Promise<LockFile> {
  let opened: FileHandle;
  try {
    opened = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { isHeld: false, text: "" };
    throw error;
  }
  await using file = opened;
  const { dev, ino } = await file.stat({ bigint: true });
  const { buffer, bytesRead } = await file.read(Buffer.alloc(longest), 0, longest, 0);
  const text = buffer.subarray(0, bytesRead).toString("utf8").replaceAll("\0", "").trim();
  const isListed = table.has(`${formatDevice(dev)}:${ino}`);
  // A file system with volumes (btrfs, overlay) tells stat of another device than the kernel's table.
  const isOnOtherDevice = text !== "" && [...table].some((key) => key.endsWith(`:${ino}`));
  return { isHeld: isListed || isOnOtherDevice, text };
}

/** As /proc/locks writes it. */
function formatDevice(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return [major, minor].map((part) => part.toString(16).padStart(2, "0")).join(":");
}
