/** No backup is made: what waits for a store goes there now, as it would in the next run. */
import { openStores } from "#lib/backup/open-stores.ts";
import { type OpenStore, sendToStores } from "#lib/backup/send-to-stores.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { PartReport } from "#lib/core/report.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import { countWaiting, queueDirectory } from "#lib/stores/upload-queue.ts";

/** Nothing of the job is backed up. */
export async function chooseNothing(): Promise<readonly string[]> {
  return [];
}

/** Bring what waits to the stores that have something to wait for. In a dry run it has no effect and says what waits. */
export async function runUpload(context: RunContext<Settings>): Promise<RunResult> {
  const queues = await Promise.all(
    openStores(context).map(async (store) => ({ store, count: await countFor(context, store) })),
  );
  const due = queues.filter(({ count }) => count > 0);
  const result = { hint: undefined, findings: [], selection: [], problems: [], notes: [] };
  if (due.length === 0)
    return { ...result, outcome: "complete", headline: "Nothing waits for a store", parts: [] };
  if (context.isDryRun) {
    const parts = due.map(({ store, count }) => describeDue(store, count));
    return { ...result, outcome: "complete", headline: "Dry run: nothing was touched", parts };
  }
  const { parts, problems, notes, hasRequiredFailed } = await sendToStores(
    context,
    due.map(({ store }) => store),
    undefined,
  );
  const isComplete = parts.every(({ outcome }) => outcome === "complete") && problems.length === 0;
  const names = due.map(({ store }) => store.target.name).join(", ");
  return {
    ...result,
    outcome: isComplete ? "complete" : hasRequiredFailed ? "failed" : "partial",
    headline: isComplete
      ? `Uploaded what waited for ${names}`
      : `Sets still wait: ${problems[0] ?? "see the parts"}`,
    problems,
    notes,
    parts,
  };
}

function countFor({ settings }: RunContext<Settings>, { target }: OpenStore): Promise<number> {
  return countWaiting(queueDirectory(settings.STATE_DIR, settings.JOB, target.name));
}

function describeDue({ target, remote }: OpenStore, count: number): PartReport {
  const message = `would upload ${count === 1 ? "1 set" : `${count} sets`} to ${remote.description}`;
  return { kind: "store", name: target.name, outcome: "complete", message };
}
