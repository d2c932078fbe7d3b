import { describe, expect, test } from "bun:test";
import { planTimeAxis } from "#lib/report/time-ticks.ts";

const time = (text: string) => Date.parse(text);

function labels(...times: readonly string[]): readonly string[] {
  return planTimeAxis(times.map(time)).marks.map(({ label }) => label);
}

describe("planTimeAxis()", () => {
  test("marks midnights of UTC, evenly", () => {
    expect(labels("2026-11-01T10:00:00Z", "2026-11-05T10:00:00Z")).toEqual([
      "2 Nov",
      "3 Nov",
      "4 Nov",
      "5 Nov",
    ]);
  });

  test("marks hours of a day, and says where a day begins", () => {
    expect(labels("2026-11-01T10:00:00Z", "2026-11-02T09:00:00Z")).toEqual([
      "12:00",
      "18:00",
      "2 Nov",
      "06:00",
    ]);
  });

  test("gives a single time a day around it, which does stand in its middle", () => {
    const at = time("2026-11-21T03:00:00Z");
    const { from, to, marks } = planTimeAxis([at]);
    expect((from + to) / 2).toBe(at);
    expect(to - from).toBe(86_400_000);
    expect(marks.length).toBeGreaterThan(1);
  });

  test("counts days on through the end of a month", () => {
    expect(labels("2026-10-28T03:00:00Z", "2026-11-05T03:00:00Z")).toEqual([
      "30 Oct",
      "1 Nov",
      "3 Nov",
      "5 Nov",
    ]);
  });

  test("marks the beginnings of months, and says where a year begins", () => {
    expect(labels("2025-09-10T00:00:00Z", "2026-11-03T00:00:00Z")).toEqual([
      "Oct 2025",
      "Jan 2026",
      "Apr",
      "Jul",
      "Oct",
    ]);
    expect(labels("2026-10-29T00:00:00Z", "2027-02-15T00:00:00Z")).toEqual([
      "Nov 2026",
      "Dec",
      "Jan 2027",
      "Feb",
    ]);
  });

  test.each([0.05, 1, 5, 30, 72, 106, 160, 740, 5000, 40_000, 2_900_000])(
    "has two to five marks for %d days",
    (days) => {
      const from = time("2026-01-01T05:17:00Z");
      const axis = planTimeAxis([from, from + days * 86_400_000]);
      expect(axis.marks.length).toBeGreaterThanOrEqual(2);
      expect(axis.marks.length).toBeLessThanOrEqual(5);
      expect(axis.marks.every(({ at }) => at >= axis.from && at <= axis.to)).toBe(true);
    },
  );
});
