import { OpsError } from "#lib/core/ops-error.ts";
import { ask, type FileSystemAsker } from "#lib/preflight/ask-file-system.ts";

/** Make directories where nothing is, as docker does for what it is to mount. The paths have no links. Throws OpsError "failed". */
export async function makeMissing(asker: FileSystemAsker, paths: readonly string[]): Promise<void> {
  for (const path of new Set(paths)) {
    const there = await ask(asker, ["stat", "--format=%F", "--", path]);
    if (there.ok) continue;
    const made = await ask(asker, ["mkdir", "--parents", "--mode=755", "--", path]);
    if (!made.ok) throw new OpsError(`Cannot create "${path}": ${made.reason}`, { outcome: "failed" });
  }
}
