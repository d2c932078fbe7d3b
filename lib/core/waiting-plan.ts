/**
 * Which of the sets that wait for a store are given up. Retention leaves alone what waits, so in a long outage the queue would
 * fill the local disk, and then there would be no backup at all.
 */
import { planRetention, type RetentionPolicy } from "#lib/core/retention-plan.ts";

export interface WaitingFacts {
  readonly runId: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly outcome: "complete" | "partial";
}

/**
 * What is too many, in the order in which it is best missed: first what the store's own rules would remove once it were there,
 * oldest first, then the oldest. The newest complete set is never among it; one that a wrong clock has dated in the future is not that.
 */
export function planGivingUp<Waiting extends WaitingFacts>(
  waiting: readonly Waiting[],
  most: number,
  policy: RetentionPolicy,
  now: Date,
): Waiting[] {
  const isOfFuture = ({ startedAt }: Waiting) => new Date(startedAt) > now;
  const sets = waiting.map((one) => ({
    path: one.runId,
    at: new Date(one.startedAt),
    outcome: one.outcome,
    owned: true,
    isOfFuture: isOfFuture(one),
  }));
  const kept = new Set(planRetention(sets, policy).sets.flatMap(({ path, keep }) => (keep ? [path] : [])));
  const oldestFirst = waiting.toSorted((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt));
  const complete = oldestFirst.filter(({ outcome }) => outcome === "complete");
  const newestComplete = complete.findLast((one) => !isOfFuture(one)) ?? complete.at(-1);
  const candidates = oldestFirst.filter((one) => one !== newestComplete);
  const bestMissed = [
    ...candidates.filter(({ runId }) => !kept.has(runId)),
    ...candidates.filter(({ runId }) => kept.has(runId)),
  ];
  return bestMissed.slice(0, Math.max(0, waiting.length - most));
}
