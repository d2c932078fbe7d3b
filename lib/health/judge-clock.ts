/** A clock that was set back: ages lie, and retention sorts sets by times that are to come. */
import { formatDuration } from "#lib/core/duration.ts";
import type { HealthFinding } from "#lib/core/health.ts";
import { isToCome, type JobView } from "#lib/health/job-view.ts";

export function judgeClock({ record, now }: JobView): readonly HealthFinding[] {
  const name = "clock";
  const places = Object.values(record.places);
  const known = [
    ...record.history.runs.map(({ endedAt }) => endedAt),
    ...places,
    ...(record.lastRun === undefined ? [] : [record.lastRun.endedAt]),
  ];
  const latest = Math.max(...known.map((at) => Date.parse(at)), Number.NEGATIVE_INFINITY);
  const aheadMs = latest - now.getTime();
  if (!known.some((at) => isToCome(at, now)))
    return [{ name, severity: "ok", message: "No run is of a time to come" }];
  const message = `A run is recorded that ended in ${formatDuration(aheadMs)}: the clock was set back, or was wrong then`;
  const hint = "Look at the clock (timedatectl), and at the times of the last sets";
  if (!places.some((at) => isToCome(at, now))) return [{ name, severity: "warning", message, hint }];
  // Until then no age would say that no set follows.
  const blind = `${message}; how old the last whole set is cannot be told before the next`;
  return [{ name, severity: "critical", message: blind, hint: `${hint}, and run backup-run by hand` }];
}
