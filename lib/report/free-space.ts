/** Free space of each destination, and the line on which it ends if it goes on filling as it did. */
import type { SpaceSample } from "#lib/core/health-memory.ts";
import { formatBytes } from "#lib/core/size.ts";
import { forecastDays } from "#lib/core/space-forecast.ts";
import type { Series } from "#lib/report/pick-series.ts";
import { formatTime } from "#lib/report/words.ts";

export interface FreeSpace {
  readonly series: readonly Series[];
  /** A sentence for each destination. */
  readonly sentences: readonly string[];
}

const dayMs = 86_400_000;
/** What is further away would press what was into a corner of the chart. */
const farthestDays = 60;
const century = 36_500;

export function describeFreeSpace(space: Readonly<Record<string, readonly SpaceSample[]>>): FreeSpace {
  const known = Object.entries(space).filter(([, samples]) => samples.length > 0);
  return {
    series: known.flatMap(([path, samples]) => drawPlace(path, samples)),
    sentences: known.map(([path, samples]) => describePlace(path, samples)),
  };
}

function drawPlace(path: string, samples: readonly SpaceSample[]): readonly Series[] {
  const points = samples.map(({ at, freeBytes }) => point(Date.parse(at), freeBytes));
  const [last, days] = [points.at(-1), forecastDays(samples)];
  if (last === undefined || days === undefined) return [{ name: path, points }];
  const drawnDays = Math.min(days, farthestDays);
  const left = days === 0 ? 0 : last.value * (1 - drawnDays / days);
  const end = point(last.at + drawnDays * dayMs, left);
  return [
    { name: path, points },
    { name: path, points: [last, end], isForecast: true },
  ];
}

function point(at: number, value: number) {
  return { at, value, look: "good" } as const;
}

function describePlace(path: string, samples: readonly SpaceSample[]): string {
  const last = samples.at(-1);
  if (last === undefined) return path;
  const found = `${path}: ${formatBytes(last.freeBytes)} free on ${formatTime(last.at)}`;
  const days = forecastDays(samples);
  if (days === undefined) return found;
  const day = new Date(Date.parse(last.at) + Math.min(days, century) * dayMs).toISOString().slice(0, 10);
  return `${found}, full on ${day} at this rate`;
}
