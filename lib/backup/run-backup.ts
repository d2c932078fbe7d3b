/** Back up one job: check, sweep, write, verify, publish, prune. */
import { refuseInside } from "#lib/backup/check-stores.ts";
import { type Destination, listDestinations } from "#lib/backup/destinations.ts";
import { describeDryRun } from "#lib/backup/dry-run.ts";
import { findEarlier, lastBytesOf } from "#lib/backup/earlier-sets.ts";
import { findSources } from "#lib/backup/find-sources.ts";
import { type MadeSet, makeSet } from "#lib/backup/make-set.ts";
import { openStores } from "#lib/backup/open-stores.ts";
import { checkDirectories, type Preflight, runPreflight } from "#lib/backup/preflight.ts";
import { pruneSets } from "#lib/backup/prune-sets.ts";
import { type SentToStores, sendToStores } from "#lib/backup/send-to-stores.ts";
import type { Settings } from "#lib/config/schema.ts";
import { describeError, isForeseen } from "#lib/core/ops-error.ts";
import { combineOutcomes } from "#lib/core/outcome.ts";
import type { PartReport } from "#lib/core/report.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import { formatBytes } from "#lib/core/size.ts";
import { sweepLeftovers } from "#lib/stores/sweep-leftovers.ts";

/** What must be there before the lock is taken. Throws OpsError "failed". */
export async function checkBackupDirectories(context: RunContext<Settings>): Promise<void> {
  const [first] = listDestinations(context.settings);
  await checkDirectories(context, await findSources(context), first);
}

/** One run over the sources of a job. In a dry run it has no effect and says what it would do. */
export async function runBackup(context: RunContext<Settings>): Promise<RunResult> {
  const sources = await findSources(context);
  const destinations = listDestinations(context.settings);
  // Before anything is written there, the write test included.
  for (const { root } of destinations) await context.journal.record({ kind: "partial", root });
  const earlier = await findEarlier(context, destinations[0]);
  const lastBytes = context.selection === undefined ? lastBytesOf(earlier) : undefined;
  const preflight = await runPreflight(context, sources, destinations, lastBytes);
  if (preflight.refusal !== undefined) return refused(preflight, preflight.refusal);
  if (context.isDryRun) return describeDryRun(context, preflight, lastBytes);
  const swept = await sweepDestinations(context, preflight.usable);
  const made = await makeSet(context, {
    sources: preflight.sources,
    missing: preflight.missing,
    destinations: preflight.usable,
    earlier,
  });
  return finish(context, preflight, made, swept);
}

function refused(preflight: Preflight, refusal: NonNullable<Preflight["refusal"]>): RunResult {
  const failed = preflight.findings.filter((finding) => !finding.passed);
  return {
    outcome: "failed",
    headline: `Preflight refused: ${refusal.message}`,
    hint: refusal.hint,
    problems: failed.map((finding) => finding.message),
    notes: [],
    findings: preflight.findings,
    parts: [],
  };
}

/** Remove what dead runs of this job left; resolves to what was done. What goes wrong with that is no reason to make no backup. */
async function sweepDestinations(
  context: RunContext<Settings>,
  destinations: readonly Destination[],
): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const { root } of destinations) notes.push(...(await sweepDestination(context, root)));
  for (const note of notes) context.log.info("leftover.swept", note);
  return notes;
}

async function sweepDestination(
  { host, settings, isRunAlive, signal }: RunContext<Settings>,
  root: string,
): Promise<readonly string[]> {
  try {
    const { removed, left } = await sweepLeftovers(root, {
      host: { ...host, formerIds: settings.HOST_FORMER_IDS },
      job: settings.JOB,
      layout: settings.BACKUP_LAYOUT,
      isRunAlive,
      deadlineMs: settings.FS_TIMEOUT,
    });
    return [
      ...removed.map((path) => `Removed what a dead run left: ${path}`),
      ...left.map(({ path, reason }) => `Left alone: ${path}: ${reason}`),
    ];
  } catch (error) {
    signal.throwIfAborted();
    if (!isForeseen(error)) throw error;
    return [`Cannot look for what dead runs left in "${root}": ${describeError(error)}`];
  }
}

async function finish(
  context: RunContext<Settings>,
  preflight: Preflight,
  made: MadeSet,
  swept: readonly string[],
): Promise<RunResult> {
  const parts = [...describeUnread(preflight), ...made.parts, ...describeLacking(preflight)];
  const problems = [
    ...preflight.missing.map(({ problem }) => problem),
    ...made.problems,
    ...preflight.problems,
  ];
  const notes = [...swept, ...made.notes];
  // Nothing is pruned for a set that lacks something: the older ones may be the better ones. A second copy that is missing takes nothing from
  // the first: were nothing pruned, a disk that is gone for weeks would fill the other one.
  const ofSet = parts.filter(({ kind }) => kind !== "copy");
  const mayPrune = context.selection === undefined && ofSet.every((part) => part.outcome === "complete");
  const sent = await sendEverywhere(context, made, mayPrune, preflight.storesInside);
  parts.push(...sent.parts);
  problems.push(...sent.problems);
  notes.push(...sent.notes);
  if (mayPrune) {
    for (const { destination, path } of made.published) {
      const pruned = await pruneSets(context, destination, [path, ...sent.waitingPaths]);
      parts.push(pruned.part);
      problems.push(...pruned.problems);
      notes.push(...pruned.notes);
    }
  }
  const outcome = sent.hasRequiredFailed ? "failed" : combineOutcomes(parts.map((part) => part.outcome));
  return {
    outcome,
    headline: describeMade(made, outcome, problems),
    problems,
    notes,
    findings: preflight.findings,
    parts,
    set: made.published[0]?.path,
    selection: context.selection,
  };
}

function sendEverywhere(
  context: RunContext<Settings>,
  made: MadeSet,
  mayPrune: boolean,
  inside: Preflight["storesInside"],
): Promise<SentToStores> {
  const [first] = made.published;
  const stores = first === undefined ? [] : openStores(context).map((store) => refuseInside(store, inside));
  return sendToStores(context, stores, { path: first?.path ?? "", manifest: made.manifest, mayPrune });
}

function describeUnread({ missing }: Preflight): PartReport[] {
  return missing.map(({ name, problem }) => ({ kind: "source", name, outcome: "failed", message: problem }));
}

function describeLacking({ problems }: Preflight): PartReport[] {
  return problems.map((message) => ({
    kind: "copy",
    name: "second destination",
    outcome: "failed",
    message,
  }));
}

function describeMade(made: MadeSet, outcome: RunResult["outcome"], problems: readonly string[]): string {
  const what = made.manifest.components.map((component) => component.name).join(", ");
  if (outcome !== "complete") {
    const how = made.manifest.outcome === "complete" ? ", yet not all went well" : " incompletely";
    return `Backed up ${what}${how}: ${problems[0] ?? "see the parts"}`;
  }
  const where = made.published.map(({ path }) => path).join(" and ");
  const checked = made.manifest.verified.how === "none" ? "not verified" : "verified";
  return `Backed up ${what}: ${formatBytes(made.bytes)}, ${checked}, in ${where}`;
}
