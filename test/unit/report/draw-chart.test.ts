import { describe, expect, test } from "bun:test";
import { chooseUnit } from "#lib/report/axis-unit.ts";
import { drawChart } from "#lib/report/draw-chart.ts";
import type { Point, Series } from "#lib/report/pick-series.ts";
import { parsePage } from "#test/support/parse-page.ts";

const dayMs = 86_400_000;
const start = Date.parse("2026-11-01T03:00:00Z");
const gib = 1024 ** 3;

/** A point a day, in GiB. */
function daily(count: number, change: (index: number) => Partial<Point> = () => ({})): readonly Point[] {
  return Array.from({ length: count }, (_, index) => ({
    at: start + index * dayMs,
    value: (index + 1) * gib,
    look: "good",
    ...change(index),
  }));
}

function draw(...series: readonly Series[]) {
  const { markup } = drawChart({
    title: "Size in the set",
    series,
    unit: chooseUnit("bytes", 8 * gib),
    formatValue: (value) => `${value / gib} GiB`,
  });
  return { markup, ...parsePage(markup) };
}

describe("drawChart()", () => {
  test("has round marks of its unit from zero on, and dates", () => {
    const { elements } = draw({ name: "app", points: daily(8) });
    expect(elements("text")).toEqual([
      "0 GiB",
      "2 GiB",
      "4 GiB",
      "6 GiB",
      "8 GiB",
      "3 Nov",
      "5 Nov",
      "7 Nov",
    ]);
  });

  test("has a name for who does not see it", () => {
    const { markup } = draw({ name: "app", points: daily(8) });
    expect(markup).toStartWith('<svg role="img" aria-label="Size in the set, 2026-11-01 to 2026-11-08"');
  });

  test("tells the pointer what each series was at that time, and what stood out", () => {
    const { elements } = draw(
      { name: "app", points: daily(2) },
      {
        name: "database",
        points: daily(2, (index) => ({ value: index === 0 ? 5 * gib : undefined, look: "bad" })),
      },
    );
    expect(elements("title")).toEqual([
      "2026-11-01 03:00\napp: 1 GiB\n✗ database: 5 GiB",
      "2026-11-02 03:00\napp: 2 GiB\n✗ database: none",
    ]);
  });

  test("says of a forecast that it is one, and draws it dashed, in the colour of what it goes on from", () => {
    const points = daily(2);
    const { elements, markup } = draw(
      { name: "/mnt", points },
      {
        name: "/mnt",
        points: [...points.slice(1), { at: start + 9 * dayMs, value: 0, look: "good" }],
        isForecast: true,
      },
    );
    expect(elements("title")).toEqual([
      "2026-11-01 03:00\n/mnt: 1 GiB",
      "2026-11-02 03:00\n/mnt: 2 GiB",
      "2026-11-10 03:00\n/mnt: 0 GiB expected",
    ]);
    expect(markup.match(/stroke="var\(--line-\d\)"( stroke-dasharray)?/g)).toEqual([
      'stroke="var(--line-0)"',
      'stroke="var(--line-0)" stroke-dasharray',
    ]);
  });

  test("shows a point that stands alone, also in a crowd", () => {
    expect(draw({ name: "app", points: daily(1) }).count("circle")).toBe(1);
    const crowd = daily(60, (index) => (index === 30 || index === 32 ? { value: undefined } : {}));
    expect(draw({ name: "app", points: crowd }).count("circle")).toBe(1);
    expect(draw({ name: "app", points: daily(60) }).count("circle")).toBe(0);
  });

  test("joins nothing over a gap", () => {
    const { markup } = draw({
      name: "app",
      points: daily(6, (index) => (index === 2 ? { value: undefined } : {})),
    });
    const [, path = ""] = /class="line"[^>]* d="([^"]*)"/.exec(markup) ?? [];
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path.match(/L/g)).toHaveLength(3);
  });

  test("marks what failed and what lacks something, hollow where nothing was left", () => {
    const looks = ["good", "warning", "bad", "quiet"] as const;
    const points = daily(6, (index) =>
      index < 4 ? { look: looks[index] ?? "good" } : { value: undefined, look: "bad" },
    );
    const { count } = draw({ name: "app", points });
    expect([".mark.warning", ".mark.bad", ".hollow.bad", "circle"].map(count)).toEqual([1, 3, 2, 2]);
  });

  test("stands on its ground when every value is zero", () => {
    const { elements, markup } = draw({ name: "app", points: daily(3, () => ({ value: 0 })) });
    expect(elements("text").slice(0, 3)).toEqual(["0 GiB", "5 GiB", "10 GiB"]);
    const [, ground = ""] = /class="rule" d="M[\d.]+,([\d.]+)H/.exec(markup) ?? [];
    expect(new Set(markup.match(/(?<=cy=")[\d.]+/g))).toEqual(new Set([ground]));
    expect(markup).not.toMatch(/NaN|undefined|Infinity/);
  });

  test("draws in colours of the page alone, and takes names for text", () => {
    const name = `<script>"'&`;
    const { markup, count, elements } = draw({ name, points: daily(3, () => ({ look: "bad" })) });
    const colours = [...markup.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map(([, colour = ""]) => colour);
    expect(colours.filter((colour) => !/^var\(--[a-z]+(-\d)?\)$/.test(colour))).toEqual([]);
    expect(count("script")).toBe(0);
    expect(elements("title")[0]).toContain(name);
  });
});
