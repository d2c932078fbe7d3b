/** The hidden directory in which a copy of one root is made. */
import { basename, join } from "node:path";
import type { RootFacts } from "#lib/core/freeze.ts";
import { frozenName } from "#lib/core/frozen-name.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { FreezeAccess } from "#lib/stacks/freezer.ts";
import { keepInJournal } from "#lib/stacks/holder.ts";
import { runCommand } from "#lib/stacks/run-command.ts";

export interface CopyDirectory {
  readonly path: string;
  /** The root's copy in it, under the root's own name. */
  readonly copy: string;
  /** Not before the journal names it. Throws OpsError "failed", also when anything has its name. */
  readonly make: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

export function planCopyDirectory(root: RootFacts, index: number, access: FreezeAccess): CopyDirectory {
  const { staging, stagingMount } = root;
  if (staging === undefined || stagingMount === undefined) {
    throw new OpsError(`Cannot copy "${root.path}": there is no place for it`, { outcome: "failed" });
  }
  const path = join(staging, frozenName(access.runId, access.stack, index));
  const kept = keepInJournal({ kind: "frozen", how: "copy", path, mountPoint: stagingMount }, access);
  return {
    path,
    copy: join(path, basename(root.path)),
    make: async () => {
      await kept.record();
      await runCommand(["mkdir", "--mode=700", "--", path], `create "${path}"`, access, access.timeoutMs);
    },
    remove: kept.remove,
  };
}
