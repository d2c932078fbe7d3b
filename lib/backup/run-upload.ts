/** No backup is made: what waits for a store goes there now, as it would in the next run. */
import { createAsker, listDestinations } from "#lib/backup/destinations.ts";
import { openStores } from "#lib/backup/open-stores.ts";
import { listJobSets } from "#lib/backup/prune-sets.ts";
import { type OpenStore, sendToStores } from "#lib/backup/send-to-stores.ts";
import type { Settings } from "#lib/config/schema.ts";
import { isWithin } from "#lib/core/mount-table.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { PartReport } from "#lib/core/report.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import { checkDirectory } from "#lib/preflight/check-directory.ts";
import { checkMount } from "#lib/preflight/check-mount.ts";
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
  await checkLocalSets(context);
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

/**
 * Whether the local sets are there at all. What is not there when its turn comes waits no more, and where a disk is not mounted nothing
 * is: the whole queue would be forgotten. Throws OpsError "failed".
 */
async function checkLocalSets(context: RunContext<Settings>): Promise<void> {
  const [{ role, root, mounts }] = listDestinations(context.settings);
  const asker = createAsker(context);
  const needed = mounts.filter(({ path }) => isWithin(root, path));
  const findings = await Promise.all([
    ...needed.map((mount) => checkMount(asker, mount)),
    checkDirectory(asker, role, root),
  ]);
  const failed = findings.find(({ passed }) => !passed);
  if (failed !== undefined) throw new OpsError(failed.message, { outcome: "failed", hint: failed.hint });
  const { own } = await listJobSets(context, root);
  if (own.length > 0) return;
  throw new OpsError(`Cannot upload what waits: no set of this job is in "${root}"`, {
    outcome: "failed",
    hint: "Is its disk mounted? What waits is kept until it is, or until the next backup",
  });
}

function countFor({ settings }: RunContext<Settings>, { target }: OpenStore): Promise<number> {
  return countWaiting(queueDirectory(settings.STATE_DIR, settings.JOB, target.name));
}

function describeDue({ target, remote }: OpenStore, count: number): PartReport {
  const message = `would upload ${count === 1 ? "1 set" : `${count} sets`} to ${remote.description}`;
  return { kind: "store", name: target.name, outcome: "complete", message };
}
