/** What of a series is drawn: where its line is broken, and which points stand for all where there are too many to see. */
import type { Point } from "#lib/report/pick-series.ts";

export interface KnownPoint extends Point {
  readonly value: number;
}

export interface PlannedLine {
  /** In order of time. */
  readonly points: readonly Point[];
  /** What is joined; a piece may be a single point. */
  readonly pieces: readonly (readonly KnownPoint[])[];
  /** Where a run left nothing, each at the height at which the line was broken. */
  readonly missing: readonly KnownPoint[];
}

const drawnWhole = 90;
const stretches = 30;
/** A daily job may rest for a weekend, not for three nights that nobody meant. */
const longestRest = 3.5;

/** Broken where a run left nothing, and where none ran for much longer than usual. */
export function planLine(points: readonly Point[]): PlannedLine {
  // A clock that was set back.
  const sorted = points.toSorted((a, b) => a.at - b.at);
  const stride = sorted.length > drawnWhole ? Math.ceil(sorted.length / stretches) : 1;
  const kept = stride === 1 ? sorted : thin(sorted, stride);
  return {
    points: kept,
    pieces: split(kept, stride * longestRest * usualDistance(sorted)),
    missing: kept.flatMap((point, index) => {
      const value = isKnown(point) ? undefined : kept.slice(0, index).findLast(isKnown)?.value;
      return value === undefined ? [] : [{ ...point, value }];
    }),
  };
}

/** Of each stretch its highest and its lowest, the last that stands out and the last that is missing. */
function thin(points: readonly Point[], stride: number): readonly Point[] {
  const kept = new Set([points[0], points.at(-1)]);
  for (let start = 0; start < points.length; start += stride) {
    const stretch = points.slice(start, start + stride);
    const byValue = stretch.filter(isKnown).toSorted((a, b) => a.value - b.value);
    kept.add(byValue[0]).add(byValue.at(-1));
    kept.add(stretch.findLast(({ look }) => look !== "good")).add(stretch.findLast((one) => !isKnown(one)));
  }
  return points.filter((point) => kept.has(point));
}

/** That of three in four neighbours at most: attempts soon after another, and rests, are the exception. */
function usualDistance(points: readonly Point[]): number {
  const distances = points.slice(1).map(({ at }, index) => at - (points[index]?.at ?? at));
  return distances.toSorted((a, b) => a - b)[Math.floor(distances.length * 0.75)] ?? 0;
}

function split(points: readonly Point[], longestMs: number): readonly (readonly KnownPoint[])[] {
  const pieces: KnownPoint[][] = [];
  let last: Point | undefined;
  for (const point of points) {
    const isJoined = last !== undefined && isKnown(last) && point.at - last.at <= longestMs;
    if (isKnown(point)) {
      if (isJoined) pieces.at(-1)?.push(point);
      else pieces.push([point]);
    }
    last = point;
  }
  return pieces;
}

function isKnown(point: Point): point is KnownPoint {
  return point.value !== undefined;
}
