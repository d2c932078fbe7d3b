import { join } from "node:path";
import { describeError } from "#lib/core/ops-error.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { listDirectory } from "#lib/stores/set-listing.ts";
import { isLeftByDead } from "#lib/tools/process-directory.ts";
import { removeTree } from "#lib/tools/remove-tree.ts";

/** Remove credentials of whoever was killed without a journal: a plan that nobody had confirmed yet, a restore beside. */
export async function sweepPrivate({ log }: Session, { settings }: Job): Promise<void> {
  const { RUNTIME_DIR, FS_TIMEOUT } = settings;
  try {
    for (const { name } of await listDirectory(RUNTIME_DIR, FS_TIMEOUT)) {
      if (!(await isLeftByDead(name))) continue;
      await removeTree(join(RUNTIME_DIR, name), FS_TIMEOUT);
      log.info("private.swept", `Removed credentials that a killed run left: ${name}`);
    }
  } catch (error) {
    log.warning("private.left", `Cannot look for credentials that were left: ${describeError(error)}`);
  }
}
