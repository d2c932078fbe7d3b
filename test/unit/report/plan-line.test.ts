import { describe, expect, test } from "bun:test";
import type { Point } from "#lib/report/pick-series.ts";
import { planLine } from "#lib/report/plan-line.ts";
import type { Look } from "#lib/report/words.ts";

const dayMs = 86_400_000;

/** A point a day; `undefined` where the run left nothing. */
function daily(values: readonly (number | undefined)[], look: Look = "good"): readonly Point[] {
  return values.map((value, day) => ({ at: day * dayMs, value, look }));
}

function onDays(...days: readonly number[]): readonly Point[] {
  return days.map((day) => ({ at: day * dayMs, value: day, look: "good" }));
}

const lengths = (points: readonly Point[]) => planLine(points).pieces.map(({ length }) => length);

describe("planLine()", () => {
  test("breaks the line where a run left nothing, and keeps what then stands alone", () => {
    expect(lengths(daily([1, 2, undefined, 3, undefined, undefined, 4, 5]))).toEqual([2, 1, 2]);
  });

  test("marks what is missing at the height at which the line was broken", () => {
    const { missing } = planLine(daily([1, 2, undefined, undefined, 3], "bad"));
    expect(missing).toEqual([
      { at: 2 * dayMs, value: 2, look: "bad" },
      { at: 3 * dayMs, value: 2, look: "bad" },
    ]);
  });

  test("breaks the line where nothing ran for longer than a weekend of a daily job", () => {
    expect(lengths(onDays(1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 15))).toEqual([11]);
    expect(lengths(onDays(1, 2, 3, 4, 5, 9, 10, 11))).toEqual([5, 3]);
  });

  test("knows no usual distance from two or three points", () => {
    expect(lengths(onDays(1, 300))).toEqual([2]);
    expect(lengths(onDays(1, 2, 300))).toEqual([3]);
  });

  test("takes attempts soon after another for no schedule", () => {
    const hour = 1 / 24;
    expect(lengths(onDays(1, 1 + hour, 2, 2 + hour, 3, 3 + hour, 4, 4 + hour))).toEqual([8]);
  });

  test("joins in order of time, however the clock went", () => {
    const { pieces, points } = planLine(onDays(3, 1, 2));
    expect(points.map(({ value }) => value)).toEqual([1, 2, 3]);
    expect(pieces.map((piece) => piece.map(({ value }) => value))).toEqual([[1, 2, 3]]);
  });

  test("keeps of very many points a few, those at the ends, the highest and the lowest among them, in one piece", () => {
    const values = Array.from({ length: 100_000 }, (_, index) => 50 + (index % 10));
    values[12_345] = 0;
    values[67_890] = 99;
    const { points, pieces } = planLine(daily(values));
    expect(points.length).toBeLessThan(125);
    expect(pieces.length).toBe(1);
    const kept = points.map(({ value }) => value);
    expect([Math.min(...valuesOf(kept)), Math.max(...valuesOf(kept))]).toEqual([0, 99]);
    expect([points[0]?.at, points.at(-1)?.at]).toEqual([0, 99_999 * dayMs]);
  });

  test("keeps a failure among very many points, and a run that left nothing", () => {
    const points = daily(Array.from({ length: 1000 }, () => 5)).map((point, index): Point => {
      if (index === 333) return { ...point, look: "bad" };
      return index === 666 ? { ...point, value: undefined } : point;
    });
    const planned = planLine(points);
    expect(planned.points).toContainEqual({ at: 333 * dayMs, value: 5, look: "bad" });
    expect(planned.points).toContainEqual({ at: 666 * dayMs, value: undefined, look: "good" });
    expect(planned.pieces.length).toBe(2);
  });

  test("is empty for nothing", () => {
    expect(planLine([])).toEqual({ points: [], pieces: [], missing: [] });
  });
});

function valuesOf(values: readonly (number | undefined)[]): readonly number[] {
  return values.filter((value) => value !== undefined);
}
