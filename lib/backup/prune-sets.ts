/** Retention, at every destination that has the new set: plan, check, remove. */
import { relative } from "node:path";
import { describeForeign } from "#lib/backup/describe-foreign.ts";
import { describeFuture } from "#lib/backup/describe-future.ts";
import type { Destination } from "#lib/backup/destinations.ts";
import type { Settings } from "#lib/config/schema.ts";
import { describeError, isForeseen } from "#lib/core/ops-error.ts";
import type { PartReport } from "#lib/core/report.ts";
import { retainedOutcome } from "#lib/core/retained-outcome.ts";
import { planRetention, type RetentionPlan } from "#lib/core/retention-plan.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { layoutPattern } from "#lib/core/set-layout.ts";
import { removeSet } from "#lib/stores/remove-set.ts";
import { listSets, type SetListing } from "#lib/stores/set-listing.ts";

export interface Pruned {
  readonly part: PartReport;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** The sets of this job at a destination. */
export function listJobSets(context: RunContext<Settings>, root: string): Promise<SetListing> {
  const { settings, host } = context;
  return listSets(root, {
    layout: settings.BACKUP_LAYOUT,
    host: { ...host, formerIds: settings.HOST_FORMER_IDS },
    job: settings.JOB,
    deadlineMs: settings.FS_TIMEOUT,
  });
}

/** What stays and what goes at a destination; only sets of this host and job are in it. */
export function planSets({ settings, deps }: RunContext<Settings>, listing: SetListing): RetentionPlan {
  const now = deps.clock.now();
  const sets = listing.own.map(({ path, manifest }) => ({
    path,
    at: new Date(manifest.startedAt),
    outcome: retainedOutcome(manifest),
    owned: true,
    isOfFuture: new Date(manifest.startedAt) > now,
  }));
  return planRetention(sets, {
    last: settings.KEEP_LAST,
    daily: settings.KEEP_DAILY,
    weekly: settings.KEEP_WEEKLY,
    monthly: settings.KEEP_MONTHLY,
    yearly: settings.KEEP_YEARLY,
    timeZone: settings.TIME_ZONE,
  });
}

/**
 * Remove what the plan lets go, but nothing that `kept` names: the set just published first, then those that a store still
 * waits for. Nothing is removed unless the first is found among the others: a listing that misses it is not of the place
 * that was written.
 */
export async function pruneSets(
  context: RunContext<Settings>,
  destination: Destination,
  kept: readonly string[],
): Promise<Pruned> {
  const { settings, log } = context;
  try {
    const listing = await listJobSets(context, destination.root);
    if (!listing.own.some((set) => set.path === kept[0])) {
      return failed(destination, `Cannot prune "${destination.root}": the new set is not found there`);
    }
    const plan = planSets(context, listing);
    // After a clock was set back, the set just made may look older than all others: it stays whatever the plan says.
    const going = new Set(
      plan.sets.filter((one) => !one.keep && !kept.includes(one.path)).map((one) => one.path),
    );
    const doomed = listing.own.filter((set) => going.has(set.path));
    for (const set of doomed) {
      context.signal.throwIfAborted();
      await removeSet(destination.root, set, settings.FS_TIMEOUT);
      log.info("set.removed", `Removed ${set.path}`);
    }
    const message = `${destination.root}: kept ${listing.own.length - doomed.length}, removed ${doomed.length}`;
    const notes = [...notesOf(context, destination, listing), ...describeFuture(plan)];
    // Of a run that is complete nobody may get the report.
    for (const note of notes) log.info("retention.note", note);
    return {
      part: { kind: "retention", name: destination.role, outcome: "complete", message },
      problems: [],
      notes,
    };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isForeseen(error)) throw error;
    return failed(destination, `Cannot prune "${destination.root}": ${describeError(error)}`);
  }
}

function failed(destination: Destination, message: string): Pruned {
  const part = { kind: "retention", name: destination.role, outcome: "failed", message } as const;
  return { part, problems: [message], notes: [] };
}

/** What is in the way where this job's sets are. Whatever else lies in a destination is nobody's concern here. */
function notesOf(
  { settings, host }: RunContext<Settings>,
  { root }: Destination,
  listing: SetListing,
): string[] {
  const steps = settings.BACKUP_LAYOUT.split("/");
  const owner = { host: host.name, job: settings.JOB };
  const isOnTheWay = ({ path }: { readonly path: string }) => {
    const inside = relative(root, path);
    const layout = steps.slice(0, inside.split("/").length).join("/");
    return layoutPattern(layout, owner).test(inside);
  };
  return [
    ...listing.unknown.filter(isOnTheWay).map(({ path, problem }) => `Left alone: ${path}: ${problem}`),
    ...describeForeign(listing),
  ];
}
