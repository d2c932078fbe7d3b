import { open } from "node:fs/promises";
import { errorCode } from "#lib/core/ops-error.ts";

/** Wait until a file's content is on its medium. */
export async function syncFile(path: string): Promise<void> {
  await using file = await open(path, "r");
  await file.sync();
}

/** Wait until the names in a directory are on its medium: a rename is not, before that. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    await syncFile(path);
  } catch (error) {
    // Some file systems, vboxsf for one, have no such call for directories: there is nothing to wait for.
    if (errorCode(error) !== "EINVAL") throw error;
  }
}
