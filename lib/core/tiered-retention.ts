/**
 * Which sets of a store stay when tiers part them. The rules count each tier by itself: counted together, a set of a tier that
 * is meant to last would be one more of its day, and go with it.
 */
import {
  planRetention,
  type RetainedSet,
  type RetentionPlan,
  type RetentionPolicy,
} from "#lib/core/retention-plan.ts";

export interface TieredRetainedSet extends RetainedSet {
  /** Undefined: in none of today's tiers. */
  readonly tier: string | undefined;
}

/** Why a set stays that no tier of today has. */
export const tierless = "in no tier of today";

/** Every set, newest first. What lies in no tier of today stays: nobody knows which rules it was meant for. */
export function planTieredRetention(
  sets: readonly TieredRetainedSet[],
  policy: RetentionPolicy,
): RetentionPlan {
  const tiers = new Set(sets.map(({ tier }) => tier));
  const planned = [...tiers].flatMap((tier) => {
    const ofTier = sets.filter((set) => set.tier === tier);
    if (tier !== undefined) return planRetention(ofTier, policy).sets;
    return ofTier.map(({ path }) => ({ path, keep: true, reasons: [tierless] }));
  });
  const times = new Map(sets.map(({ path, at }) => [path, at.getTime()]));
  const timeOf = (path: string) => times.get(path) ?? 0;
  return { sets: planned.toSorted((a, b) => timeOf(b.path) - timeOf(a.path) || (a.path < b.path ? 1 : -1)) };
}
