import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Tier } from "#lib/core/store-target.ts";
import { createTierReader, planTier, type TieredSet } from "#lib/core/tier-plan.ts";

const rules = {
  tiers: [{ name: "biweekly", days: [1, 15] }],
  defaultTier: "daily",
  timeZone: "Europe/Berlin",
};

/** The same by going through the calendar day by day: a tier is owed a set from each of its days until it gets one. */
function walkCalendar(sets: readonly TieredSet[], tiers: readonly Tier[], timeZone: string): string[] {
  const owed = new Set(tiers.map(({ name }) => name));
  const given: string[] = [];
  const waiting = sets.map(({ at }) => at.toLocaleDateString("en-CA", { timeZone }));
  for (
    const day = new Date(Date.UTC(2025, 11, 31));
    waiting.length > 0;
    day.setUTCDate(day.getUTCDate() + 1)
  ) {
    const isLast = new Date(day.getTime() + 86_400_000).getUTCDate() === 1;
    for (const { name, days } of tiers) {
      const isDue = days.some((one) => one === day.getUTCDate() || (isLast && one > day.getUTCDate()));
      if (isDue) owed.add(name);
    }
    while (waiting[0] === day.toISOString().slice(0, 10)) {
      waiting.shift();
      const taker = tiers.find(({ name }) => owed.has(name))?.name;
      if (taker !== undefined) owed.delete(taker);
      given.push(taker ?? "daily");
    }
  }
  return given;
}

describe("planTier()", () => {
  test.each([
    ["a first set whatever the day", "2026-11-21T03:00:00Z", [], "biweekly"],
    ["a set after the day's", "2026-11-16T03:00:00Z", ["2026-11-15T03:00:00Z"], "daily"],
    ["the second set of that day", "2026-11-15T11:00:00Z", ["2026-11-15T03:00:00Z"], "daily"],
    ["a late set, since the day's was missed", "2026-11-17T03:00:00Z", ["2026-11-01T03:00:00Z"], "biweekly"],
    ["a set at midnight, local time", "2026-11-14T23:30:00Z", ["2026-11-01T03:00:00Z"], "biweekly"],
    ["a set just before", "2026-11-14T22:30:00Z", ["2026-11-01T03:00:00Z"], "daily"],
    ["the first of a year", "2027-01-01T03:00:00Z", ["2026-12-15T03:00:00Z"], "biweekly"],
    [
      "a set early in a month, since December's was missed",
      "2027-01-31T03:00:00Z",
      ["2026-12-15T03:00:00Z"],
      "biweekly",
    ],
  ])("takes %s", (_what, at, stored, tier) => {
    const sets = stored.map((each) => ({ tier: "biweekly", at: new Date(each) }));
    expect(planTier(new Date(at), rules, sets)).toBe(tier);
  });

  test("lets the last day stand for those that a shorter month lacks", () => {
    const monthly = { ...rules, tiers: [{ name: "monthly", days: [31] }] };
    const stored = [{ tier: "monthly", at: new Date("2027-01-31T12:00:00Z") }];
    expect(planTier(new Date("2027-02-27T12:00:00Z"), monthly, stored)).toBe("daily");
    expect(planTier(new Date("2027-02-28T12:00:00Z"), monthly, stored)).toBe("monthly");
  });

  test("lets the tier that is listed first take the set that several want; the next one takes the next", () => {
    const several = { ...rules, tiers: [{ name: "monthly", days: [1] }, ...rules.tiers] };
    const stored: TieredSet[] = [];
    for (const day of [1, 2, 3, 15, 16]) {
      const at = new Date(Date.UTC(2026, 9, day, 12));
      stored.push({ tier: planTier(at, several, stored), at });
    }
    expect(stored.map(({ tier }) => tier)).toEqual(["monthly", "biweekly", "daily", "biweekly", "daily"]);
  });

  test("gives each tier the first set from each of its days on, whatever runs are missed, over changes of the clock too", () => {
    const tier = (name: string) =>
      fc
        .uniqueArray(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 4 })
        .map((days) => ({ name, days }));
    const someTiers = fc.tuple(tier("first"), tier("second"), tier("third"));
    const zones = fc.constantFrom(
      "UTC",
      "Europe/Berlin",
      "America/New_York",
      "Australia/Lord_Howe",
      "Pacific/Kiritimati",
    );
    // Often several in a day, at times weeks without any.
    const gap = fc.oneof(fc.integer({ min: 20, max: 36 * 60 }), fc.integer({ min: 1, max: 50 * 24 * 60 }));
    fc.assert(
      fc.property(
        someTiers,
        zones,
        fc.array(gap, { minLength: 5, maxLength: 60 }),
        (tiers, timeZone, gaps) => {
          const stored: TieredSet[] = [];
          let at = Date.UTC(2026, 0, 1);
          for (const minutes of gaps) {
            at += minutes * 60_000;
            const set = new Date(at);
            stored.push({ tier: planTier(set, { tiers, defaultTier: "daily", timeZone }, stored), at: set });
          }
          expect(stored.map(({ tier }) => tier)).toEqual(walkCalendar(stored, tiers, timeZone));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("createTierReader()", () => {
  const owner = { host: "web1.example", job: "app" };

  test("knows a set's tier by its path, whatever time zone and suffix it was given, and no other's", () => {
    const read = createTierReader("{tier}/{YYYY}/{MM}/{DD}/{HH}{mm}", rules, owner);
    expect(read("biweekly/2026/11/15/1900")).toBe("biweekly");
    expect(read("biweekly/2026/11/15/2300-12")).toBe("biweekly");
    expect(read("daily/2026/11/15/1900-2")).toBe("daily");
    for (const path of [
      "weekly/2026/11/15/1900",
      "daily/2026/11/1900",
      "daily/2026/11/15/1900/x",
      "x/daily/2026/11/15/1900",
    ]) {
      expect({ path, tier: read(path) }).toEqual({ path, tier: undefined });
    }
  });

  test("takes host, job and what stands between the braces for what they are", () => {
    const read = createTierReader("{host}+(x)/{tier}-{job}/{stamp}", rules, owner);
    expect(read("web1.example+(x)/daily-app/20261115T180000Z")).toBe("daily");
    expect(read("web1-example+(x)/daily-app/20261115T180000Z")).toBeUndefined();
    expect(read("web1.exampleee(x)/daily-app/20261115T180000Z")).toBeUndefined();
  });
});
