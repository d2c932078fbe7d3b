/** A directory under another name, where rclone can do so at once and where it cannot. */
import { isNotFound } from "#lib/core/rclone-words.ts";
import type { Rclone } from "#lib/stores/rclone-command.ts";
import type { RcloneTree } from "#lib/stores/rclone-tree.ts";
import type { RemoteLimits } from "#lib/stores/remote.ts";

/** What makes a directory a set: it may only be there while everything else is. */
const first = "manifest.json";

/** What proves that everything has arrived but the manifest. */
const last = "SHA256SUMS";

const dayMs = 86_400_000;

/** Rename the directory `from`; false, and nothing done, when something has the name `to`. */
export async function renameDirectory(
  rclone: Rclone,
  tree: RcloneTree,
  { from, to }: { readonly from: string; readonly to: string },
  limits: RemoteLimits,
): Promise<boolean> {
  if ((await tree.find(to, limits)) !== undefined) return false;
  // Where files are copied for it, it takes as long as they are large: the store's own limit ends it.
  const patient = { ...limits, timeoutMs: dayMs };
  const move = (...args: readonly string[]) => rclone.run(patient, ["moveto", "--ignore-times", ...args]);
  const { renamesDirectories } = await tree.features(limits);
  if (renamesDirectories) {
    await move(tree.at(from), tree.at(to));
    return true;
  }
  // File by file, which may be cut off between any two of them: the order keeps either half from being taken for a set.
  const names = (await tree.list(from, limits)).map(({ Name }) => Name);
  const moveFile = async (name: string) => {
    if (names.includes(name)) await move(tree.at(`${from}/${name}`), tree.at(`${to}/${name}`));
  };
  await moveFile(first);
  await move(`--exclude=/${last}`, tree.at(from), tree.at(to));
  await moveFile(last);
  await rclone.run(limits, ["rmdir", tree.at(from)], { isExpected: isNotFound });
  return true;
}
