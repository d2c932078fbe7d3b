import { describe, expect, test } from "bun:test";
import { planTier } from "#lib/core/tier-plan.ts";
import { planTieredRetention, type TieredRetainedSet, tierless } from "#lib/core/tiered-retention.ts";

const timeZone = "Europe/Berlin";
const fortnight = { last: 3, daily: 14, weekly: 0, monthly: 0, yearly: 0, timeZone };
const rules = { tiers: [{ name: "biweekly", days: [1, 15] }], defaultTier: "daily", timeZone };

/** `biweekly 2026-11-01 03:00`, local time. */
const nameOf = (tier: string, at: Date) => `${tier} ${at.toLocaleString("sv-SE", { timeZone }).slice(0, 16)}`;

/** A year of runs at these local hours (in winter), those of `missed` left out; retention after each. */
function liveThrough(hours: readonly number[], missed: (day: string, hour: number) => boolean): string[] {
  let stored: TieredRetainedSet[] = [];
  for (let day = 0; day < 365; day += 1) {
    for (const hour of hours) {
      const at = new Date(Date.UTC(2026, 0, 1 + day, hour - 1));
      if (missed(at.toISOString().slice(0, 10), hour)) continue;
      const tier = planTier(
        at,
        rules,
        stored.map((set) => ({ tier: set.tier ?? "", at: set.at })),
      );
      stored.push({ path: nameOf(tier, at), at, outcome: "complete", owned: true, tier });
      const going = new Set(
        planTieredRetention(stored, fortnight)
          .sets.filter(({ keep }) => !keep)
          .map(({ path }) => path),
      );
      stored = stored.filter(({ path }) => !going.has(path));
    }
  }
  return stored.map(({ path }) => path);
}

describe("planTieredRetention()", () => {
  test("leaves a fortnight of the daily tier and seven months of the biweekly one after a year of three runs a day", () => {
    const kept = liveThrough([3, 11, 19], () => false);
    const days = Array.from({ length: 14 }, (_, index) => `daily 2026-12-${18 + index} 19:00`);
    const halves = ["06", "07", "08", "09", "10", "11", "12"].flatMap((month) =>
      // In summer the clock on the wall is an hour ahead.
      ["01", "15"].map((day) => `biweekly 2026-${month}-${day} ${month < "11" ? "04" : "03"}:00`),
    );
    const last = ["daily 2026-12-31 03:00", "daily 2026-12-31 11:00"];
    expect(new Set(kept)).toEqual(new Set([...days, ...last, ...halves]));
    expect(kept).toHaveLength(14 + 2 + 14);
  });

  test("loses no half month to runs that were missed: its set is a later one", () => {
    const kept = liveThrough([19], (day) => day === "2026-12-15" || /^2026-12-0[1-4]/.test(day));
    expect(kept).toContain("biweekly 2026-12-05 19:00");
    expect(kept).toContain("biweekly 2026-12-16 19:00");
    expect(kept.filter((path) => path.startsWith("biweekly 2026-12"))).toHaveLength(2);
  });

  const set = (tier: string | undefined, day: number, outcome: "complete" | "partial" = "complete") => ({
    path: `${tier}/${day}`,
    at: new Date(Date.UTC(2026, 10, day)),
    outcome,
    owned: true,
    tier,
  });
  const keepOne = { ...fortnight, last: 1, daily: 0 };

  test("keeps the newest complete set of each tier, though another tier has newer ones", () => {
    const sets = [set("daily", 20), set("daily", 19), set("biweekly", 15, "partial"), set("biweekly", 1)];
    const kept = planTieredRetention(sets, keepOne).sets.filter(({ keep }) => keep);
    expect(kept.map(({ path }) => path)).toEqual(["daily/20", "biweekly/15", "biweekly/1"]);
  });

  test("keeps what lies in no tier of today, whatever the rules, and says why", () => {
    const sets = [set("daily", 20), set(undefined, 2), set("daily", 3), set(undefined, 1)];
    expect(planTieredRetention(sets, keepOne).sets).toEqual([
      { path: "daily/20", keep: true, reasons: ["newest complete set", "last 1"] },
      { path: "daily/3", keep: false, reasons: ["no rule keeps it"] },
      { path: "undefined/2", keep: true, reasons: [tierless] },
      { path: "undefined/1", keep: true, reasons: [tierless] },
    ]);
  });
});
