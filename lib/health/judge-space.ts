/** Room in each destination: now, and on the day on which it ends if it goes on filling as it did. */
import type { HealthFinding } from "#lib/core/health.ts";
import { addSamples } from "#lib/core/health-news.ts";
import { formatBytes } from "#lib/core/size.ts";
import { forecastDays } from "#lib/core/space-forecast.ts";
import { destinationsOf } from "#lib/health/destinations.ts";
import type { JobView } from "#lib/health/job-view.ts";

const gib = 1024 ** 3;

export function judgeSpace(view: JobView): readonly HealthFinding[] {
  return destinationsOf(view.settings).flatMap((path) => judgeOne(view, path));
}

/** The name under which it is remembered. */
export function spaceFinding(path: string): string {
  return `space ${path}`;
}

function judgeOne({ settings, record, facts, now }: JobView, path: string): readonly HealthFinding[] {
  const name = spaceFinding(path);
  const space = facts.space.get(path);
  // That it is not there, or does not answer, is told by another finding.
  if (space === undefined) return [];
  const { freeBytes, totalBytes } = space;
  const leastBytes = Math.max(settings.MIN_FREE_GB * gib, (settings.MIN_FREE_PERCENT / 100) * totalBytes);
  const figure = { value: freeBytes, unit: "B", limit: Math.round(leastBytes), isMinimum: true } as const;
  const found = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} are free on ${path}`;
  if (freeBytes < leastBytes) {
    const message = `${found}, ${formatBytes(leastBytes)} are required: the next run will refuse`;
    const hint = "Free space there, keep fewer sets, or lower MIN_FREE_GB and MIN_FREE_PERCENT";
    return [{ name, severity: "critical", message, figure, hint }];
  }
  const samples =
    addSamples(record.memory.space, { [path]: { at: now.toISOString(), freeBytes } })[path] ?? [];
  const days = forecastDays(samples);
  if (days === undefined) return [{ name, severity: "ok", message: found, figure }];
  const day = new Date(now.getTime() + Math.min(days, 36_500) * 86_400_000).toISOString().slice(0, 10);
  const message = `${found}; at this rate it is full on ${day}`;
  if (days > settings.FULL_WITHIN_DAYS) return [{ name, severity: "ok", message, figure }];
  const hint = "Free space there, keep fewer sets, or find out what grows";
  return [{ name, severity: "warning", message, figure, hint }];
}
