/**
 * In which tier of a store a set belongs, by date alone: a tier of certain days takes the first set made on or after each of
 * them. A run that is late, or missed, only moves that set; by the hour of a cron line it would be lost.
 */
import { localTime, periodsOf } from "#lib/core/calendar.ts";
import { type LayoutFacts, layoutPattern } from "#lib/core/set-layout.ts";
import type { Tier } from "#lib/core/store-target.ts";

/** A set that the store has. */
export interface TieredSet {
  readonly tier: string;
  readonly at: Date;
}

interface TierRules {
  readonly tiers: readonly Tier[];
  /** Of every set that no tier takes. */
  readonly defaultTier: string;
  readonly timeZone: string;
}

/** The first tier that has nothing since the latest of its days; else the default. */
export function planTier(
  at: Date,
  { tiers, defaultTier, timeZone }: TierRules,
  stored: readonly TieredSet[],
): string {
  const wanting = tiers.find((tier) => {
    const since = latestDay(at, tier.days, timeZone);
    return !stored.some((set) => set.tier === tier.name && periodsOf(set.at, timeZone).day >= since);
  });
  return wanting?.name ?? defaultTier;
}

/** The latest of the days up to `at`, as `YYYY-MM-DD`; the last day of a shorter month stands for those that it lacks. */
function latestDay(at: Date, days: readonly number[], timeZone: string): string {
  const today = periodsOf(at, timeZone).day;
  const { year, month } = localTime(at, timeZone);
  const months = [[year, month], month === 1 ? [year - 1, 12] : [year, month - 1]] as const;
  const dates = months.flatMap(([ofYear, ofMonth]) => {
    const length = new Date(Date.UTC(ofYear, ofMonth, 0)).getUTCDate();
    return days.map((day) => formatDay(ofYear, ofMonth, Math.min(day, length)));
  });
  return (
    dates
      .filter((date) => date <= today)
      .sort()
      .at(-1) ?? ""
  );
}

function formatDay(year: number, month: number, day: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
}

/** Says of a set's path which tier it lies in; undefined when it is none of these. */
export function createTierReader(
  layout: string,
  { tiers, defaultTier }: Pick<TierRules, "tiers" | "defaultTier">,
  owner: Pick<LayoutFacts, "host" | "job">,
): (path: string) => string | undefined {
  const names = [...tiers.map(({ name }) => name), defaultTier];
  const patterns = names.map((tier) => ({ tier, pattern: layoutPattern(layout, { ...owner, tier }) }));
  return (path) => patterns.find(({ pattern }) => pattern.test(path))?.tier;
}
