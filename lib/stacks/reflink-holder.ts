/** A copy that shares its blocks with the data: no bytes are copied, but every file is made. */
import type { RootFacts } from "#lib/core/freeze.ts";
import { copyByCp } from "#lib/stacks/copy-by-cp.ts";
import { planCopyDirectory } from "#lib/stacks/copy-directory.ts";
import type { FreezeAccess } from "#lib/stacks/freezer.ts";
import type { Holder } from "#lib/stacks/holder.ts";
import { runCommand, syncFileSystem } from "#lib/stacks/run-command.ts";

const probe = 'cd "$1" && printf "%4096s" x >probe && cp --reflink=always probe clone && rm probe clone';

export function createReflinkHolder(root: RootFacts, index: number, access: FreezeAccess): Holder {
  const directory = planCopyDirectory(root, index, access);
  return {
    prepare: async () => {
      await directory.make();
      await runCommand(
        ["sh", "-c", probe, "probe", directory.path],
        `share blocks in "${directory.path}"`,
        access,
        access.timeoutMs,
      );
      // A file's unwritten blocks cannot be shared: they would be written one file at a time, in the window.
      await syncFileSystem(root.path, access);
    },
    freeze: async () => {
      await copyByCp(root.path, directory.path, false, access);
      return [{ original: root.path, frozen: directory.copy }];
    },
    release: directory.remove,
  };
}
