/**
 * `restore SET --component database-NAME --in-place`: a database as it was, in the place of the database as it is.
 *
 * It is loaded beside the one in use, and its tables and rows are compared, before anything is touched; then the two change their
 * names, and what was before stays under another one: whole, so that no further copy of it is needed.
 */

import type { Settings } from "#lib/config/schema.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import { completeResult } from "#lib/restore/complete-result.ts";
import { confirmByWord } from "#lib/restore/confirm-by-word.ts";
import { fetchSet } from "#lib/restore/fetch-set.ts";
import {
  type DatabasePlan,
  describeDatabasePlan,
  describeUnseen,
  planDatabase,
} from "#lib/restore/plan-database.ts";
import { listFlag } from "#lib/restore/restore-flags.ts";
import { refuseUnlessWhole } from "#lib/restore/trust.ts";
import { describeUse } from "#lib/sources/replace-database.ts";

/** Ask whoever is there to type what will happen; undefined when the answer is another one. */
export async function confirmDatabaseInPlace(
  run: RunContext<Settings>,
): Promise<readonly string[] | undefined> {
  // Here is no journal yet: who is killed would leave credentials behind.
  if (run.operator.flags["yes"] === true) return listFlag(run.operator.flags["component"]);
  const plan = await planDatabase(run);
  await plan.replaceable.close();
  const { component } = plan;
  const word = component.name.slice("database-".length);
  return (await confirmByWord(run.operator, word, describeDatabasePlan(plan))) ? [component.name] : undefined;
}

export async function restoreDatabaseInPlace(run: RunContext<Settings>): Promise<RunResult> {
  const plan = await planDatabase(run);
  try {
    return await carryOut(run, plan);
  } finally {
    await plan.replaceable.close();
  }
}

async function carryOut(run: RunContext<Settings>, plan: DatabasePlan): Promise<RunResult> {
  const { context, copies, component, replaceable, present, entry } = plan;
  const { target, wasThere, aside } = entry;
  const lines = describeDatabasePlan(plan);
  if (run.isDryRun)
    return completeResult(plan.component.name, `Would restore the database "${target}"`, lines);
  for (const line of lines) run.log.info("restore.plan", line);
  const files = await fetchSet(context, copies, [component], run.settings.BACKUP_DIR);
  await run.journal.record(entry);
  context.progress.begin(`restore ${component.name}`, component.bytesIn);
  refuseUnlessWhole(await replaceable.fill(files.directory, entry, present).finally(context.progress.end));
  const users = wasThere ? await replaceable.findUsers() : [];
  if (users.length > 0) throw describeUse(target, users);
  const prepared = await replaceable.prepare(entry);
  if (prepared !== entry) {
    await run.journal.record(prepared);
    await run.journal.forget(entry);
  }
  run.signal.throwIfAborted();
  await replaceable.swap(prepared);
  // Also for whoever stopped it when there was nothing left to stop.
  if (run.signal.aborted)
    run.log.warning("restore.swapped", `It was too late to stop: database "${target}" has been replaced`);
  await files.close();
  // Killed before, it is found replaced, and whoever clears up says so.
  await run.journal.forget(prepared);
  const kept = wasThere ? `what was before is "${aside}"` : "there was none before";
  return completeResult(
    plan.component.name,
    `Restored the database "${target}" from ${stampOf(files.copy.manifest)}; ${kept}`,
    [
      ...files.notes,
      ...(wasThere && present.unseen !== undefined ? [describeUnseen(present.unseen)] : []),
      ...replaceable.describeKept(prepared),
    ],
  );
}
