/** Put right what a restore of a database has left in the middle, whatever kind of server it is on. */
import { OpsError } from "#lib/core/ops-error.ts";
import type { DatabaseSwap } from "#lib/core/undo.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { undoAccess } from "#lib/run/undo-access.ts";
import { openAccess } from "#lib/sources/open-access.ts";
import { openReplacer } from "#lib/sources/open-replacer.ts";
import { undoFileSwap } from "#lib/stores/swap-database-file.ts";

/** Resolves to notes on what was done. Safe to repeat. */
export async function undoDatabaseSwap(
  entry: DatabaseSwap,
  session: Session,
  { settings }: Job,
): Promise<readonly string[]> {
  const { component } = entry;
  const target = settings.DATABASES.find(({ componentName }) => componentName === component);
  if (target === undefined) {
    throw new OpsError(
      `Cannot look at the database "${entry.target}": ${component} is no longer in DATABASES`,
      {
        outcome: "failed",
        hint: `Name it there again. Its restore was ended: what came is "${entry.incoming}", what was before may be "${entry.aside}"`,
      },
    );
  }
  if (target.kind === "sqlite")
    return undoFileSwap(entry, { exec: session.deps.exec, timeoutMs: settings.FS_TIMEOUT });
  const opened = openAccess({ ...undoAccess(session, settings), sourceName: component });
  try {
    return await (await openReplacer({ target, database: entry.target, facts: {} }, opened.access)).undo(
      entry,
    );
  } finally {
    await opened.close();
  }
}
