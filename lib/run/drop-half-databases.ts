import { dirname } from "node:path";
import { journalPath } from "#lib/run/journal.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { undoAccess } from "#lib/run/undo-access.ts";
import { dropBegun } from "#lib/sources/begun-records.ts";

/** Drop what restores beside, which keep no journal, were killed over; resolves to what was done, or could not be. */
export async function dropHalfDatabases(session: Session, { settings }: Job): Promise<readonly string[]> {
  const directory = dirname(journalPath(settings.STATE_DIR, settings.JOB));
  const notes = await dropBegun(directory, settings.DATABASES, undoAccess(session, settings));
  for (const note of notes) session.log.warning("database.cleared", note);
  return notes;
}
