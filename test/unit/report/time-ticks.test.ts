import { describe, expect, test } from "bun:test";
import { planTimeAxis } from "#lib/report/time-ticks.ts";

const time = (text: string) => Date.parse(text);

function labels(...times: readonly string[]): readonly string[] {
  const { marks, labelOf } = planTimeAxis(times.map(time));
  return marks.map(labelOf);
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

  test("names the year where there may be more than one", () => {
    expect(
      labels("2024-12-01T00:00:00Z", "2026-11-01T00:00:00Z").every((label) => /^\w{3} 20\d\d$/.test(label)),
    ).toBe(true);
  });

  test.each([1, 5, 30, 200, 1000, 5000, 40_000])("has two to five marks for %d days", (days) => {
    const from = time("2026-01-01T05:17:00Z");
    const axis = planTimeAxis([from, from + days * 86_400_000]);
    expect(axis.marks.length).toBeGreaterThanOrEqual(2);
    expect(axis.marks.length).toBeLessThanOrEqual(5);
    expect(axis.marks.every((mark) => mark >= axis.from && mark <= axis.to)).toBe(true);
  });
});
