/** What a component used to be, and whether its present size fits in. */
import type { Manifest } from "#lib/core/manifest.ts";
import { formatBytes } from "#lib/core/size.ts";

const setsLookedAt = 7;

export interface ComponentHistory {
  /** Sizes before compression of the component in earlier sets of any outcome, newest first. */
  readonly bytesIn: readonly number[];
  /** Its size on disk in the newest of them. */
  readonly lastBytesOut: number | undefined;
  /** What its source wrote down about it, newest first; empty where it wrote nothing. */
  readonly facts: readonly Readonly<Record<string, unknown>>[];
}

/** The history of the component of that name; `manifests` newest first. */
export function historyOf(name: string, manifests: readonly Manifest[]): ComponentHistory {
  const earlier = manifests.flatMap(({ components }) => components.filter((one) => one.name === name));
  return {
    bytesIn: earlier.map((one) => one.bytesIn),
    lastBytesOut: earlier[0]?.bytesOut,
    facts: earlier.map((one) => one.facts ?? {}),
  };
}

export interface SizeVerdict {
  readonly doubt?: string;
  readonly note?: string;
}

/**
 * Compare a size with the median of the last seven. What shrank is doubtful: an unmounted disk, an emptied table. What
 * grew is worth a note. Partial sets count as well, so that after a deliberate clean-up the doubt ends by itself.
 *
 * `percent` 0 asks nothing.
 */
export function judgeSize(bytes: number, earlier: readonly number[], percent: number): SizeVerdict {
  const usual = median(earlier.slice(0, setsLookedAt));
  if (usual === undefined || usual === 0 || percent === 0) return {};
  const change = Math.round((bytes / usual - 1) * 100);
  const text = `${formatBytes(bytes)}, usually ${formatBytes(usual)} (${change > 0 ? "+" : ""}${change} %)`;
  if (change <= -percent) return { doubt: `it shrank: ${text}, SIZE_ALERT_PERCENT is ${percent}` };
  return change >= percent ? { note: `it grew: ${text}` } : {};
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
