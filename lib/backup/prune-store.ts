/** Retention in a store: the same rules as locally, tier by tier, with a ceiling for one run. */

import { describeForeign } from "#lib/backup/describe-foreign.ts";
import { describeFuture } from "#lib/backup/describe-future.ts";
import type { OpenStore, StoreContext } from "#lib/backup/send-to-stores.ts";
import { countNoun } from "#lib/core/count-noun.ts";
import { describeError, isForeseen } from "#lib/core/ops-error.ts";
import type { PartReport } from "#lib/core/report.ts";
import { retainedOutcome } from "#lib/core/retained-outcome.ts";
import type { RetentionPlan } from "#lib/core/retention-plan.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import { createTierReader } from "#lib/core/tier-plan.ts";
import { planTieredRetention, tierless } from "#lib/core/tiered-retention.ts";
import type { RemoteLimits } from "#lib/stores/remote.ts";
import { listRemoteSets, removeRemoteSet } from "#lib/stores/remote-sets.ts";
import type { OwnSets, StoredSet } from "#lib/stores/set-listing.ts";

export interface PrunedStore {
  readonly parts: readonly PartReport[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Remove what the rules let go, oldest first. Nothing is removed unless the set of `runId`, which has just arrived, is in the
 * listing: one that lacks it is not of the place that was written.
 */
export async function pruneStore(
  context: StoreContext,
  { target, remote }: OpenStore,
  own: OwnSets & { readonly layout: string },
  runId: string,
  limits: RemoteLimits,
): Promise<PrunedStore> {
  const failed = (message: string): PrunedStore => ({
    parts: [{ kind: "retention", name: target.name, outcome: "failed", message }],
    problems: [message],
    notes: [],
  });
  try {
    const listing = await listRemoteSets(remote, own, limits);
    const arrived = listing.own.find((set) => set.manifest.runId === runId);
    if (arrived === undefined) {
      return failed(`Cannot prune store "${target.name}": the new set is not in its listing`);
    }
    const plan = planStore(context, target, listing.own);
    const going = plan.sets.filter((set) => !set.keep && set.path !== arrived.path).map((set) => set.path);
    const doomed = going.toReversed().slice(0, target.maxRemovals);
    for (const path of doomed) {
      limits.signal.throwIfAborted();
      const set = listing.own.find((one) => one.path === path);
      if (set === undefined) continue;
      await removeRemoteSet(remote, set, limits);
      context.log.info("set.removed", `Removed ${path} from ${target.name}`);
    }
    const left = going.length - doomed.length;
    return {
      parts: [
        {
          kind: "retention",
          name: target.name,
          outcome: "complete",
          message: `${remote.description}: kept ${listing.own.length - doomed.length}, removed ${doomed.length}`,
        },
      ],
      problems: [],
      notes: [
        ...(left === 0
          ? []
          : [
              `${countNoun(left, "more set")} may go from ${target.name}: MAX_REMOVALS is ${target.maxRemovals}`,
            ]),
        ...describeTierless(target, plan),
        ...describeFuture(plan, ` in ${target.name}`),
        ...describeForeign(listing, ` in ${target.name}`),
        ...listing.unknown.map(({ path, problem }) => `Left alone in ${target.name}: ${path}: ${problem}`),
      ],
    };
  } catch (error) {
    limits.signal.throwIfAborted();
    if (!isForeseen(error)) throw error;
    return failed(`Cannot prune store "${target.name}": ${describeError(error)}`);
  }
}

/** Without {tier} in the layout all sets are of one tier, wherever an earlier layout has put them. */
function planStore(
  { host, settings, deps }: StoreContext,
  target: StoreTarget,
  stored: readonly StoredSet[],
): RetentionPlan {
  const { layout, defaultTier, retention } = target;
  const now = deps.clock.now();
  const readTier = layout.includes("{tier}")
    ? createTierReader(layout, target, { host: host.name, job: settings.JOB })
    : () => defaultTier;
  const sets = stored.map(({ path, manifest }) => ({
    path,
    at: new Date(manifest.startedAt),
    outcome: retainedOutcome(manifest),
    owned: true,
    isOfFuture: new Date(manifest.startedAt) > now,
    tier: readTier(path),
  }));
  return planTieredRetention(sets, retention);
}

function describeTierless({ name }: StoreTarget, { sets }: RetentionPlan): string[] {
  const [newest, ...others] = sets.filter(({ reasons }) => reasons.includes(tierless));
  if (newest === undefined) return [];
  const count = others.length === 0 ? "" : ` and ${others.length} older`;
  return [`Left alone in ${name}, since no tier of today has it: ${newest.path}${count}`];
}
