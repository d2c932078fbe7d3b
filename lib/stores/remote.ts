/**
 * What every kind of store can do. Few operations, so that the protocol by which a set gets there, and is whole as soon as
 * it can be seen, is written once for all of them.
 *
 * Paths are relative to the store's base and parted by "/"; names may hold spaces, quotes and any other character but "/"
 * and line breaks. Every failure is an OpsError "failed" with the store's own words and a hint. Nothing waits for ever.
 */
import type { NeededProgram } from "#lib/preflight/check-program.ts";

export interface RemoteLimits {
  readonly signal: AbortSignal;
  /** For this one operation. */
  readonly timeoutMs: number;
}

export interface Transfer {
  readonly signal: AbortSignal;
  /** Given up when not a byte moved for so long. */
  readonly stallMs: number;
  /** Undefined: as fast as it goes. */
  readonly bytesPerSecond: number | undefined;
  /** Bytes that the remote has taken since this call began. */
  readonly onBytes: (bytes: number) => void;
}

export interface RemoteManifest {
  /** Directory of the set. */
  readonly path: string;
  readonly text: string;
}

export interface Remote {
  /** For people: `ssh backup@nas:/volume1/Backup Server`. */
  readonly description: string;
  readonly programs: readonly NeededProgram[];
  /** Whether it can be reached and its base is a directory that can be written. The base is never created: it may be a mount point. */
  readonly check: (limits: RemoteLimits) => Promise<void>;
  /** When the certificate ends that the store shows, trusted or not; absent where stores of the kind have none. */
  readonly certificateEnd?: (limits: RemoteLimits) => Promise<Date | undefined>;
  /** Names in a directory, hidden ones included; none when it does not exist. Throws unless the answer is known to be whole. */
  readonly list: (directory: string, limits: RemoteLimits) => Promise<readonly string[]>;
  /** Every `manifest.json` in a visible directory exactly `depth` levels below the base. Throws unless the answer is known to be whole. */
  readonly readManifests: (depth: number, limits: RemoteLimits) => Promise<readonly RemoteManifest[]>;
  /**
   * Copy a local file, making the directories that lead to it. What an earlier attempt left under that name is continued where
   * the store can do so, else replaced. Resolves when the store has every byte; whether they are the right ones `hash` says.
   */
  readonly upload: (localPath: string, path: string, transfer: Transfer) => Promise<void>;
  /** SHA-256 of a file, computed there or by reading it back; never from what was sent. `stallMs` bounds it. */
  readonly hash: (path: string, transfer: Transfer) => Promise<string>;
  /** A small file, whole or not at all; replaces what is there. */
  readonly writeFile: (path: string, text: string, limits: RemoteLimits) => Promise<void>;
  /** Text of a small file; undefined when it does not exist. */
  readonly readFile: (path: string, limits: RemoteLimits) => Promise<string | undefined>;
  /** Rename a directory, making the directories that lead to its new name. False, and nothing done, when that name is taken. */
  readonly rename: (from: string, to: string, limits: RemoteLimits) => Promise<boolean>;
  /** Remove a directory with everything in it; no error when it is gone. Symlinks are removed, not followed. */
  readonly remove: (path: string, limits: RemoteLimits) => Promise<void>;
  /** Remove the directories that lead to `path` as long as they are empty, never the base. */
  readonly removeEmptyParents: (path: string, limits: RemoteLimits) => Promise<void>;
}
