/** Put right what a restore of a database has left in the middle, whatever kind of server it is on. */
import { join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import type { DatabaseSwap } from "#lib/core/undo.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { openAccess } from "#lib/sources/open-access.ts";
import { openReplacer } from "#lib/sources/open-replacer.ts";
import { undoFileSwap } from "#lib/stores/swap-database-file.ts";

/** Resolves to notes on what was done. Safe to repeat. */
export async function undoDatabaseSwap(
  entry: DatabaseSwap,
  { deps, log, runId, childEnvironment }: Session,
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
  const { exec, clock } = deps;
  const timeoutMs = settings.FS_TIMEOUT;
  if (target.kind === "sqlite") return undoFileSwap(entry, { exec, timeoutMs });
  const opened = openAccess({
    exec,
    clock,
    // Whoever stops the run does not stop this.
    signal: new AbortController().signal,
    log,
    timeoutMs,
    stallMs: settings.STALL_TIMEOUT,
    runId,
    childEnvironment,
    setDirectory: "/",
    sourceName: component,
    privateRoot: join(settings.RUNTIME_DIR, `undo-${runId}`),
    journal: { record: async () => undefined, forget: async () => undefined },
    alert: () => undefined,
    earlierFacts: [],
  });
  try {
    return await (await openReplacer({ target, database: entry.target, facts: {} }, opened.access)).undo(
      entry,
    );
  } finally {
    await opened.close();
  }
}
