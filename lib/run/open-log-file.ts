import { join } from "node:path";
import { xdgDirectory } from "#lib/config/config-file.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { Session } from "#lib/run/session.ts";

/**
 * Open LOG_FILE, or a file in the user's state directory when it cannot be written; resolves to its path.
 *
 * It is opened anew by each run, so logrotate needs no signal. A run goes on without a log file: it has stderr.
 */
export async function openLogFile(
  session: Session,
  path: string,
  notes: string[],
): Promise<string | undefined> {
  const { env, home } = session.world;
  const state = xdgDirectory(env, "XDG_STATE_HOME", join(home, ".local", "state"));
  for (const candidate of [path, join(state, "lastgood", "backup-run.log")]) {
    try {
      await session.log.openFile(candidate);
      return candidate;
    } catch (error) {
      notes.push(`Cannot write the log file "${candidate}": ${describeError(error)}`);
    }
  }
  for (const note of notes) session.log.warning("log.unwritable", note);
  return undefined;
}
