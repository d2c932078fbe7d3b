import { describe, expect, test } from "bun:test";
import { describeFreeSpace } from "#lib/report/free-space.ts";

const dayMs = 86_400_000;
const start = Date.parse("2026-11-01T00:00:00.000Z");
const gib = 1024 ** 3;

/** A sample a day. */
function samples(...freeGib: readonly number[]) {
  return freeGib.map((free, day) => ({
    at: new Date(start + day * dayMs).toISOString(),
    freeBytes: free * gib,
  }));
}

describe("describeFreeSpace()", () => {
  test("draws on to the day on which nothing is free, and names it", () => {
    const { series, sentences } = describeFreeSpace({ "/mnt/backup": samples(10, 9, 8, 7, 6) });
    expect(sentences).toEqual([
      "/mnt/backup: 6.0 GiB free on 2026-11-05 00:00, full on 2026-11-11 at this rate",
    ]);
    expect(series.map(({ isForecast = false }) => isForecast)).toEqual([false, true]);
    const [from, to] = series[1]?.points ?? [];
    expect([from?.at, from?.value]).toEqual([start + 4 * dayMs, 6 * gib]);
    expect([to?.at, to?.value]).toEqual([start + 10 * dayMs, 0]);
  });

  test("draws no further than sixty days, and says the day all the same", () => {
    const { series, sentences } = describeFreeSpace({ "/mnt/backup": samples(1004, 1003, 1002, 1001, 1000) });
    const end = series[1]?.points[1];
    expect(end?.at).toBe(start + 64 * dayMs);
    expect((end?.value ?? 0) / gib).toBeCloseTo(940, 6);
    expect(sentences[0]).toEndWith("full on 2029-08-01 at this rate");
  });

  test("foresees nothing of a disk that does not fill, nor of one known for a day", () => {
    for (const known of [samples(5, 5, 6, 6, 7), samples(9), samples(9, 8)]) {
      const { series, sentences } = describeFreeSpace({ "/b": known });
      expect(series.length).toBe(1);
      expect(sentences[0]).not.toContain("full on");
    }
  });

  test("is full today when nothing is free", () => {
    const { series, sentences } = describeFreeSpace({ "/b": samples(4, 3, 2, 1, 0) });
    expect(sentences[0]).toEndWith("full on 2026-11-05 at this rate");
    expect(series[1]?.points.map(({ value }) => value)).toEqual([0, 0]);
  });

  test("is empty where the health check has not looked", () => {
    expect(describeFreeSpace({})).toEqual({ series: [], sentences: [] });
    expect(describeFreeSpace({ "/b": [] })).toEqual({ series: [], sentences: [] });
  });
});
