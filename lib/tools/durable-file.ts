import { constants } from "node:fs";
import { open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { pid } from "node:process";
import { syncDirectory } from "#lib/tools/fsync.ts";

/** Replace a file in one step that survives a power cut: there is the old content or the new, never a part. */
export async function writeFileDurably(
  path: string,
  text: string,
  options: { readonly mode: number },
): Promise<void> {
  const temporary = `${path}.${pid}.tmp`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  try {
    {
      await using file = await open(temporary, flags, options.mode);
      // Exactly that mode, whatever the umask of who calls.
      await file.chmod(options.mode);
      await file.writeFile(text);
      await file.sync();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}
