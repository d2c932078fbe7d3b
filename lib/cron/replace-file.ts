/** Replace a file that cron or systemd reads in one step: it reads the old text or the new, with the right owner and mode. */
import { constants } from "node:fs";
import { open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncDirectory } from "#lib/tools/fsync.ts";

export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** The temporary name begins with a dot, so that cron and systemd pass over it. */
export async function replaceFile(path: string, text: string, { uid, gid, mode }: Ownership): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.lastgood-new`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  // What an earlier call left when it was killed.
  await unlink(temporary).catch(() => undefined);
  try {
    {
      await using file = await open(temporary, flags, 0o600);
      await file.writeFile(text);
      await file.chown(uid, gid);
      await file.chmod(mode);
      await file.sync();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}
