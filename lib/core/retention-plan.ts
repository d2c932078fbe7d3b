/**
 * Which sets stay and which go. Pure: what it says is printed by a dry run and carried out by `stores/directory.ts`.
 *
 * Only complete sets count. The newest complete one stays whatever the policy. A partial set stays while nothing complete is
 * newer, or while it is among the newest few of any kind; it never takes a complete set's place. What a wrong clock has dated in
 * the future stays and counts for nothing: it would be the newest for years, and each true set would go a night after it was made.
 */
import { type Periods, periodsOf } from "#lib/core/calendar.ts";

export interface RetainedSet {
  readonly path: string;
  readonly at: Date;
  readonly outcome: "complete" | "partial";
  /** Made by this host and job. Others are never planned. */
  readonly owned: boolean;
  /** Dated later than now. */
  readonly isOfFuture?: boolean;
}

/** How many to keep of each kind; of days, weeks, months and years only those count that have a set. */
export interface RetentionPolicy {
  readonly last: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
  readonly timeZone: string;
}

export interface PlannedSet {
  readonly path: string;
  readonly keep: boolean;
  /** Why: `last 1`, `daily 2026-11-20`, `partial, replaced by a newer complete set`. */
  readonly reasons: readonly string[];
}

/** Every set, newest first. */
export interface RetentionPlan {
  readonly sets: readonly PlannedSet[];
}

/** Why a set stays that a wrong clock has dated. */
export const ofFuture = "dated in the future";

const rules: readonly (readonly [keyof RetentionPolicy & `${string}ly`, keyof Periods])[] = [
  ["daily", "day"],
  ["weekly", "week"],
  ["monthly", "month"],
  ["yearly", "year"],
];

/** Throws RangeError for a policy that keeps nothing. */
export function planRetention(sets: readonly RetainedSet[], policy: RetentionPolicy): RetentionPlan {
  const { last, daily, weekly, monthly, yearly, timeZone } = policy;
  if (last + daily + weekly + monthly + yearly === 0) {
    throw new RangeError("Cannot plan retention: the policy keeps nothing");
  }
  const newestFirst = [...sets].sort((a, b) => b.at.getTime() - a.at.getTime() || (a.path < b.path ? 1 : -1));
  const owned = newestFirst.filter((set) => set.owned && set.isOfFuture !== true);
  const complete = owned.filter((set) => set.outcome === "complete");
  const reasons = new Map<RetainedSet, string[]>(newestFirst.map((set) => [set, []]));
  const keep = (set: RetainedSet, reason: string) => reasons.get(set)?.push(reason);

  for (const set of newestFirst) {
    if (!set.owned) keep(set, "not of this host and job");
    else if (set.isOfFuture === true) keep(set, ofFuture);
  }
  const newestComplete = complete[0];
  if (newestComplete !== undefined) keep(newestComplete, "newest complete set");
  for (const [index, set] of complete.slice(0, last).entries()) keep(set, `last ${index + 1}`);
  for (const [rule, period] of rules) {
    for (const [key, set] of newestOfPeriods(complete, period, policy[rule], timeZone))
      keep(set, `${rule} ${key}`);
  }
  const recent = new Set(owned.slice(0, last));
  for (const set of owned) {
    if (set.outcome === "complete") continue;
    const isNewer = newestComplete === undefined || set.at.getTime() > newestComplete.at.getTime();
    if (isNewer) keep(set, "partial, no complete set is newer");
    else if (recent.has(set)) keep(set, "partial, among the last");
  }
  return { sets: newestFirst.map((set) => plannedSet(set, reasons.get(set) ?? [])) };
}

/** The newest set of each of the `count` most recent periods that have one. */
function newestOfPeriods(
  newestFirst: readonly RetainedSet[],
  period: keyof Periods,
  count: number,
  timeZone: string,
): Map<string, RetainedSet> {
  const newest = new Map<string, RetainedSet>();
  for (const set of newestFirst) {
    if (newest.size >= count) break;
    const key = periodsOf(set.at, timeZone)[period];
    if (!newest.has(key)) newest.set(key, set);
  }
  return newest;
}

function plannedSet(set: RetainedSet, reasons: readonly string[]): PlannedSet {
  if (reasons.length > 0) return { path: set.path, keep: true, reasons };
  const why = set.outcome === "partial" ? "partial, replaced by a newer complete set" : "no rule keeps it";
  return { path: set.path, keep: false, reasons: [why] };
}

/** One line a set, newest first. */
export function formatRetentionPlan(plan: RetentionPlan): string[] {
  return plan.sets.map(
    ({ path, keep, reasons }) => `${keep ? "keep  " : "remove"} ${path}  (${reasons.join(", ")})`,
  );
}
