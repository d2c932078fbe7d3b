/** Give a whole set its final name. */
import { lstat, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Exec } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { withSuffix } from "#lib/core/set-layout.ts";
import { withDeadline } from "#lib/tools/deadline.ts";
import { syncDirectory, syncFile } from "#lib/tools/fsync.ts";

/** A set whose name is taken gets a suffix: up to this one. */
export const namesTried = 100;

export interface PublishRequest {
  readonly exec: Exec;
  readonly root: string;
  readonly partialDir: string;
  /** Names of its files, each already on the medium by itself. */
  readonly files: readonly string[];
  /** Final path below `root`; `-2`, `-3`, … is added while it is taken. */
  readonly relativePath: string;
  readonly deadlineMs: number;
}

/**
 * Sync the set, rename it, sync the directories that lead to it; resolves to its final path.
 *
 * The rename is mv's, since rename(2) would silently replace an empty directory: mv asks the kernel not to replace anything
 * (RENAME_NOREPLACE), which no runtime offers. Whether it was done shows in the old name being gone. Throws OpsError "failed".
 */
export async function publishSet(request: PublishRequest): Promise<string> {
  const { root, partialDir, deadlineMs } = request;
  const within = <Value>(promise: Promise<Value>) =>
    withDeadline(promise, deadlineMs, `publish "${partialDir}"`);
  await within(Promise.all(request.files.map((file) => syncFile(join(partialDir, file)))));
  await within(syncDirectory(partialDir));
  const first = join(root, request.relativePath);
  await within(mkdir(dirname(first), { recursive: true, mode: 0o700 }));
  for (let attempt = 1; attempt <= namesTried; attempt += 1) {
    const path = withSuffix(first, attempt);
    if (await isMoved(request, path)) {
      await within(syncUpwards(dirname(path), root));
      return path;
    }
  }
  throw new OpsError(`Cannot publish "${first}": ${namesTried} names like it are taken`, {
    outcome: "failed",
  });
}

async function isMoved({ exec, partialDir, deadlineMs }: PublishRequest, path: string): Promise<boolean> {
  const moved = await exec(["mv", "--no-clobber", "--no-target-directory", "--", partialDir, path], {
    timeoutMs: deadlineMs,
  });
  const there = Promise.all([exists(partialDir), exists(path)]);
  const [isPartialThere, isFinalThere] = await withDeadline(there, deadlineMs, `publish "${path}"`);
  if (isFinalThere) return !isPartialThere;
  const reason = moved.timedOut
    ? "no answer from the file system"
    : moved.stderr.trim() || `mv ended with ${moved.exitCode}`;
  throw new OpsError(`Cannot publish "${path}": ${reason}`, { outcome: "failed" });
}

/** Whether something is there, a symlink that leads nowhere included; what cannot be asked for is not there for a rename. */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

async function syncUpwards(from: string, root: string): Promise<void> {
  for (let path = from; ; path = dirname(path)) {
    await syncDirectory(path);
    if (path === root || path === dirname(path)) return;
  }
}
