/**
 * The kernel's flock on a file, shared with every bash script that uses flock(1) on the same path.
 *
 * We open the file, and `flock` locks that inherited descriptor and ends: the lock belongs to our open file until we end,
 * however we end. Runtimes open with close-on-exec, so no later child holds it. The file is never unlinked (whoever locked
 * an unlinked inode would exclude nobody) and never judged by its age: what is held is alive, what is not held is free.
 */
import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { errorCode, OpsError } from "#lib/core/ops-error.ts";
import { endProcessGroup } from "#lib/tools/process-group.ts";
import { ensureStreams, startError } from "#lib/tools/start-program.ts";

const busyExit = 75;
const nameAttempts = 10;
const nameWaitMs = 50;

export interface HeldLock {
  /** What the last holder wrote and did not take back: it died. Empty after a clean end. */
  readonly leftBehind: string;
  /** Write who holds the lock, for people to read. */
  readonly describe: (text: string) => Promise<void>;
  /** Empty the file and let go. Safe to call twice. */
  readonly release: () => Promise<void>;
}

export type LockResult =
  | { readonly held: true; readonly lock: HeldLock }
  | { readonly held: false; readonly holder: string };

/** Take the lock at `path`, waiting up to `waitMs` for its holder to end. Throws OpsError when it cannot be tried. */
export async function takeLock(path: string, waitMs: number, signal?: AbortSignal): Promise<LockResult> {
  const file = await openLockFile(path);
  try {
    const content = async () => (await file.read(Buffer.alloc(4096), 0, 4096, 0)).buffer.toString("utf8");
    const readText = async () => (await content()).replaceAll("\0", "").trim();
    if (!(await lockDescriptor(file, path, waitMs, signal))) {
      const holder = await readHolder(readText);
      await file.close();
      return { held: false, holder };
    }
    return { held: true, lock: heldLock(file, await readText()) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Between taking a lock and writing a name into it lies a moment; a holder that is none of ours never writes one. */
async function readHolder(readText: () => Promise<string>): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const holder = await readText();
    if (holder !== "" || attempt === nameAttempts) return holder;
    await setTimeout(nameWaitMs);
  }
}

function heldLock(file: FileHandle, leftBehind: string): HeldLock {
  let isHeld = true;
  return {
    leftBehind,
    describe: async (text) => {
      await file.truncate(0);
      if (text !== "") await file.write(`${text}\n`, 0);
    },
    release: async () => {
      if (!isHeld) return;
      isHeld = false;
      try {
        await file.truncate(0);
      } finally {
        // Whatever can be written there by now: an open file is a held lock.
        await file.close();
      }
    },
  };
}

/** Never follows a symlink; opens before it creates, since a sticky directory may forbid the latter alone. */
async function openLockFile(path: string): Promise<FileHandle> {
  const noFollow = constants.O_RDWR | constants.O_NOFOLLOW;
  try {
    return await open(path, noFollow);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw cannotOpen(path, error);
  }
  try {
    return await open(path, noFollow | constants.O_CREAT, 0o600);
  } catch (error) {
    throw cannotOpen(path, error);
  }
}

function cannotOpen(path: string, cause: unknown): OpsError {
  const hint =
    errorCode(cause) === "ELOOP"
      ? "It is a symbolic link: remove it, or set LOCK_FILE"
      : "Create its directory, or set LOCK_FILE to a path that can be written";
  return new OpsError(`Cannot open the lock file "${path}"`, { outcome: "failed", hint, cause });
}

async function lockDescriptor(
  file: FileHandle,
  path: string,
  waitMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const wait = waitMs > 0 ? ["-w", (waitMs / 1000).toFixed(3)] : ["-n"];
  const child = ensureStreams(
    spawn("flock", [...wait, "-E", String(busyExit), "3"], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe", file.fd],
    }),
  );
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const onAbort = () => void (child.pid === undefined || endProcessGroup(child.pid));
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once("error", (error) => reject(startError("flock", error, "util-linux")));
      child.once("close", (code) => resolve(code));
    });
    signal?.throwIfAborted();
    if (exitCode === 0) return true;
    if (exitCode === busyExit) return false;
    throw new OpsError(`Cannot lock "${path}": flock ended with ${exitCode}: ${stderr.trim()}`, {
      outcome: "failed",
      hint: "Put LOCK_FILE on a local file system",
    });
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}
