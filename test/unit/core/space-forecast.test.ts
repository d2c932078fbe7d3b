import { expect, test } from "bun:test";
import { forecastDays } from "#lib/core/space-forecast.ts";

const dayMs = 86_400_000;
const samples = (...free: readonly (readonly [day: number, freeBytes: number])[]) =>
  free.map(([day, freeBytes]) => ({
    at: new Date(Date.UTC(2026, 10, 1) + day * dayMs).toISOString(),
    freeBytes,
  }));

test("forecastDays() counts the days from the last sample until nothing is free", () => {
  expect(forecastDays(samples([0, 100], [1, 90], [2, 80], [3, 70]))).toBeCloseTo(7);
  expect(forecastDays(samples([0, 100], [1, 80], [2, 90], [3, 70]))).toBeGreaterThan(5);
});

test("forecastDays() says nothing of a disk that does not fill up, or of which too little is known", () => {
  expect(forecastDays([])).toBeUndefined();
  expect(forecastDays(samples([0, 70], [1, 70], [2, 70], [3, 70]))).toBeUndefined();
  expect(forecastDays(samples([0, 70], [1, 80], [2, 90], [3, 100]))).toBeUndefined();
  // Three points in a week, four in a day.
  expect(forecastDays(samples([0, 100], [3, 80], [7, 60]))).toBeUndefined();
  expect(forecastDays(samples([0, 100], [0.3, 90], [0.6, 80], [0.9, 70]))).toBeUndefined();
});
