/** When a disk will be full, if it goes on filling as it did: a straight line through what was free. */
import type { SpaceSample } from "#lib/core/health-memory.ts";

const dayMs = 86_400_000;
const leastSamples = 4;
const leastSpanMs = 3 * dayMs;

/** Days until nothing is free; undefined when it does not fill up, or too little is known to say so. */
export function forecastDays(samples: readonly SpaceSample[]): number | undefined {
  const points = samples.map(({ at, freeBytes }) => ({ x: Date.parse(at) / dayMs, y: freeBytes }));
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < leastSamples) return undefined;
  if ((last.x - first.x) * dayMs < leastSpanMs) return undefined;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))];
  const covariance = mean(points.map(({ x, y }) => (x - meanX) * (y - meanY)));
  const variance = mean(points.map(({ x }) => (x - meanX) ** 2));
  // The span is not nothing, so neither is the variance.
  const perDay = covariance / variance;
  return perDay < 0 ? last.y / -perDay : undefined;
}
