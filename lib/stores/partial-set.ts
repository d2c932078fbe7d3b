/**
 * A set that is being written: a directory under a hidden name, which only a whole and verified set may leave.
 *
 * `mkdir` without `recursive` fails when anything has that name, a planted symlink included, so nothing is ever written
 * through one.
 */
import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import { withDeadline } from "#lib/tools/deadline.ts";
import { removeTree } from "#lib/tools/remove-tree.ts";

/** Create the directory; resolves to its path. */
export async function createPartialSet(root: string, name: string, deadlineMs: number): Promise<string> {
  const path = join(root, name);
  try {
    await withDeadline(mkdir(path, { mode: 0o700 }), deadlineMs, `create "${path}"`);
    return path;
  } catch (cause) {
    throw new OpsError(`Cannot create "${path}"`, { outcome: "failed", cause });
  }
}

/** Write a small file into it, such as the manifest; it must not exist yet. */
export async function writePartialFile(path: string, text: string, deadlineMs: number): Promise<void> {
  const write = async () => {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    await using file = await open(path, flags, 0o600);
    await file.writeFile(text);
    await file.sync();
  };
  try {
    await withDeadline(write(), deadlineMs, `write "${path}"`);
  } catch (cause) {
    throw new OpsError(`Cannot write "${path}"`, { outcome: "failed", cause });
  }
}

/** Remove it with everything in it; no error when it is gone. */
export async function removePartialSet(path: string, deadlineMs: number): Promise<void> {
  await removeTree(path, deadlineMs);
}

/** Remove one file of it; no error when it is gone. */
export async function removePartialFile(path: string, deadlineMs: number): Promise<void> {
  await removeTree(path, deadlineMs);
}
