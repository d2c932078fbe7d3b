import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { planTier, type TieredSet, tierOfPath } from "#lib/core/tier-plan.ts";

const rules = {
  tiers: [{ name: "biweekly", days: [1, 15] }],
  defaultTier: "daily",
  timeZone: "Europe/Berlin",
};
const hourMs = 3_600_000;

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

  test("gives each tier the first set from each of its days on, whatever runs are missed", () => {
    const step = fc.integer({ min: 1, max: 9 * 24 });
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (hours) => {
        const stored: TieredSet[] = [];
        let at = Date.UTC(2026, 0, 1);
        for (const more of hours) {
          at += more * hourMs;
          stored.push({ tier: planTier(new Date(at), rules, stored), at: new Date(at) });
        }
        const special = stored.filter((set) => set.tier === "biweekly");
        // Between two days of the tier there are at most 17 days, and a run is at most 9 days late.
        for (const [index, set] of special.entries()) {
          const next = special[index + 1]?.at.getTime() ?? at;
          expect(next - set.at.getTime()).toBeLessThanOrEqual((17 + 9) * 24 * hourMs);
          const between = stored.filter((one) => one.at > set.at && one.at.getTime() < next);
          expect(between.every((one) => one.tier === "daily")).toBe(true);
        }
        expect(special.length).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});

test("tierOfPath() knows a set's tier by its path, with a suffix too, and no other's", () => {
  const facts = { host: "web1", job: "app", at: new Date("2026-11-15T18:00:00Z"), timeZone: "Europe/Berlin" };
  const layout = "{tier}/{YYYY}/{MM}/{DD}/{HH}{mm}";
  expect(tierOfPath("biweekly/2026/11/15/1900", layout, rules, facts)).toBe("biweekly");
  expect(tierOfPath("daily/2026/11/15/1900-2", layout, rules, facts)).toBe("daily");
  expect(tierOfPath("weekly/2026/11/15/1900", layout, rules, facts)).toBeUndefined();
});
