import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { localTime, periodsOf } from "#lib/core/calendar.ts";
import {
  formatRetentionPlan,
  planRetention,
  type RetainedSet,
  type RetentionPlan,
  type RetentionPolicy,
} from "#lib/core/retention-plan.ts";

const zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"];
const none = { last: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, timeZone: "UTC" };

function set(path: string, at: string, more: Partial<RetainedSet> = {}): RetainedSet {
  return { path, at: new Date(at), outcome: "complete", owned: true, ...more };
}

const kept = (plan: RetentionPlan) => plan.sets.filter((one) => one.keep).map((one) => one.path);

test("planRetention() keeps what is dated in the future, and lets it take no other set's place", () => {
  const wrong = ["x", "y"].map((path) => set(path, "2099-01-01T03:00:00Z", { isOfFuture: true }));
  const partial = set("p", "2026-11-22T03:00:00Z", { outcome: "partial" });
  const [a, b, c] = ["21", "20", "19"].map((day) => set(day, `2026-11-${day}T03:00:00Z`));
  const plan = planRetention([...wrong, partial, a!, b!, c!], { ...none, last: 2 });
  expect(new Set(kept(plan))).toEqual(new Set(["x", "y", "p", "21", "20"]));
  expect(plan.sets.find(({ path }) => path === "x")?.reasons).toEqual(["dated in the future"]);
});

describe("planRetention() by example", () => {
  const history = [
    set("a", "2026-11-21T19:00:00Z"),
    set("b", "2026-11-21T11:00:00Z"),
    set("c", "2026-11-21T03:00:00Z"),
    set("d", "2026-11-20T19:00:00Z"),
    set("e", "2026-11-20T03:00:00Z"),
    set("f", "2026-11-13T03:00:00Z"),
    set("g", "2026-10-31T03:00:00Z"),
    set("h", "2025-12-31T03:00:00Z"),
  ];

  test.each([
    [{ last: 2 }, ["a", "b"]],
    [{ daily: 2 }, ["a", "d"]],
    // A day without a set does not count against the number of days.
    [{ daily: 3 }, ["a", "d", "f"]],
    [{ weekly: 2 }, ["a", "f"]],
    [{ monthly: 3 }, ["a", "g", "h"]],
    [{ yearly: 5 }, ["a", "h"]],
    [{ last: 1, daily: 2, monthly: 2 }, ["a", "d", "g"]],
  ] as [Partial<RetentionPolicy>, string[]][])("keeps for %j just %j", (policy, expected) => {
    expect(kept(planRetention(history, { ...none, ...policy }))).toEqual(expected);
  });

  test("keeps the newest of a day by the wall clock of the job's zone", () => {
    const sets = [set("late", "2026-11-20T23:30:00Z"), set("noon", "2026-11-20T11:00:00Z")];
    expect(kept(planRetention(sets, { ...none, daily: 2 }))).toEqual(["late"]);
    expect(kept(planRetention(sets, { ...none, daily: 2, timeZone: "Europe/Berlin" }))).toEqual([
      "late",
      "noon",
    ]);
  });

  test("gives the last days of December to the ISO week of the new year", () => {
    expect(periodsOf(new Date("2025-12-29T12:00:00Z"), "UTC").week).toBe("2026-W01");
    expect(periodsOf(new Date("2027-01-03T12:00:00Z"), "UTC").week).toBe("2026-W53");
  });

  test("counts no partial set, and keeps it while nothing complete is newer", () => {
    const partial = (path: string, at: string) => set(path, at, { outcome: "partial" });
    const sets = [
      partial("new", "2026-11-21T00:00:00Z"),
      set("good", "2026-11-20T00:00:00Z"),
      partial("old", "2026-11-19T00:00:00Z"),
      set("older", "2026-11-18T00:00:00Z"),
    ];
    expect(kept(planRetention(sets, { ...none, last: 1 }))).toEqual(["new", "good"]);
    expect(kept(planRetention(sets, { ...none, last: 2 }))).toEqual(["new", "good", "older"]);
    expect(kept(planRetention([partial("only", "2020-01-01T00:00:00Z")], { ...none, last: 1 }))).toEqual([
      "only",
    ]);
  });

  test("says why each set stays or goes", () => {
    const plan = planRetention([set("/b/2", "2026-11-21T00:00:00Z"), set("/b/1", "2026-11-20T00:00:00Z")], {
      ...none,
      last: 1,
    });
    expect(formatRetentionPlan(plan)).toEqual([
      "keep   /b/2  (newest complete set, last 1)",
      "remove /b/1  (no rule keeps it)",
    ]);
  });

  test("refuses a policy that keeps nothing", () => {
    expect(() => planRetention(history, none)).toThrow(RangeError);
  });
});

const anySet = fc.record({
  path: fc.uuid(),
  at: fc.date({ min: new Date("2019-01-01"), max: new Date("2027-01-01"), noInvalidDate: true }),
  outcome: fc.constantFrom("complete" as const, "complete" as const, "partial" as const),
  owned: fc.constantFrom(true, true, true, false),
});
const anyHistory = fc.uniqueArray(anySet, { maxLength: 80, selector: (one) => one.path });
const anyPolicy = fc
  .record({
    last: fc.nat(6),
    daily: fc.nat(10),
    weekly: fc.nat(6),
    monthly: fc.nat(14),
    yearly: fc.nat(4),
    timeZone: fc.constantFrom(...zones),
  })
  .filter(({ last, daily, weekly, monthly, yearly }) => last + daily + weekly + monthly + yearly > 0);

/** Newest first, as the plan must see them. */
function ownComplete(history: readonly RetainedSet[]): RetainedSet[] {
  const wanted = history.filter((one) => one.owned && one.outcome === "complete");
  return wanted.toSorted((a, b) => b.at.getTime() - a.at.getTime() || (a.path < b.path ? 1 : -1));
}

describe("planRetention() over random histories", () => {
  const check = (property: (history: RetainedSet[], policy: RetentionPolicy) => void) =>
    fc.assert(fc.property(anyHistory, anyPolicy, property), { numRuns: 400 });

  test("never plans the newest complete set, a foreign set, or a set it was not given", () => {
    check((history, policy) => {
      const plan = planRetention(history, policy);
      const removed = new Set(plan.sets.filter((one) => !one.keep).map((one) => one.path));
      const newest = ownComplete(history)[0];
      if (newest !== undefined) expect(removed.has(newest.path)).toBe(false);
      for (const one of history) if (!one.owned) expect(removed.has(one.path)).toBe(false);
      expect(new Set(plan.sets.map((one) => one.path))).toEqual(new Set(history.map((one) => one.path)));
      expect(plan.sets).toHaveLength(history.length);
    });
  });

  test("keeps just what the rules ask for: no set too few, no complete set too many", () => {
    check((history, policy) => {
      const complete = ownComplete(history);
      const wanted = new Set(complete.slice(0, policy.last));
      for (const [rule, period] of [
        ["daily", "day"],
        ["weekly", "week"],
        ["monthly", "month"],
        ["yearly", "year"],
      ] as const) {
        const keys = complete.map((one) => periodsOf(one.at, policy.timeZone)[period]);
        const chosen = [...new Set(keys)].slice(0, policy[rule]);
        for (const key of chosen) {
          const first = complete[keys.indexOf(key)];
          if (first !== undefined) wanted.add(first);
        }
      }
      if (complete[0] !== undefined) wanted.add(complete[0]);
      const keptPaths = new Set(kept(planRetention(history, policy)));
      const keptComplete = complete.filter((one) => keptPaths.has(one.path));
      expect(new Set(keptComplete)).toEqual(wanted);
    });
  });

  test("is not changed by the order of its input, nor by being carried out and planned again", () => {
    check((history, policy) => {
      const once = planRetention(history, policy);
      expect(planRetention(history.toReversed(), policy)).toEqual(once);
      const paths = new Set(kept(once));
      const left = history.filter((one) => paths.has(one.path));
      expect(kept(planRetention(left, policy))).toHaveLength(left.length);
    });
  });

  test("loses nothing when the clock is set back: a set from the future stays beside those of now", () => {
    check((history, policy) => {
      const future = set("future", "2099-01-01T00:00:00Z");
      const now = set("now", "2027-06-01T00:00:00Z");
      const paths = kept(
        planRetention([...history, future, now], { ...policy, last: Math.max(policy.last, 2) }),
      );
      expect(paths).toContain("now");
    });
  });
});

/** The instant at which a clock in `timeZone` shows the hour; in a gap of summer time, the hour after it. */
function instantOf(day: Date, hour: number, timeZone: string): Date {
  const wall = Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate(), hour);
  let guess = wall;
  for (let i = 0; i < 3; i += 1) {
    const shown = localTime(new Date(guess), timeZone);
    guess += wall - Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute);
  }
  return new Date(guess);
}

describe.each(["Europe/Berlin", "America/New_York"])("a year of three runs a day in %s", (timeZone) => {
  const policy = { last: 3, daily: 7, weekly: 4, monthly: 6, yearly: 2, timeZone };

  test("keeps at every moment what the policy promises, over both changes of the clock", () => {
    let sets: RetainedSet[] = [set("foreign", "2024-06-01T00:00:00Z", { owned: false })];
    const daysWithSet: string[] = [];
    let chance = 7;
    const next = () => {
      chance = (chance * 1_103_515_245 + 12_345) % 2_147_483_648;
      return chance / 2_147_483_648;
    };
    for (let day = Date.UTC(2025, 0, 1); day < Date.UTC(2026, 0, 1); day += 86_400_000) {
      for (const hour of [3, 11, 19]) {
        const luck = next();
        if (luck < 0.05) continue;
        const at = instantOf(new Date(day), hour, timeZone);
        const outcome = luck < 0.1 ? "partial" : "complete";
        sets.push({ path: at.toISOString(), at, outcome, owned: true });
        if (outcome === "partial") continue;
        const today = periodsOf(at, timeZone).day;
        if (daysWithSet.at(-1) !== today) daysWithSet.push(today);
        const before = sets;
        const paths = new Set(kept(planRetention(sets, policy)));
        sets = sets.filter((one) => paths.has(one.path));
        const days = new Set(
          sets.filter((one) => one.outcome === "complete").map((one) => periodsOf(one.at, timeZone).day),
        );
        for (const one of daysWithSet.slice(-7)) expect(days.has(one)).toBe(true);
        expect(sets.find((one) => one.path === "foreign")).toBeDefined();
        expect(before.filter((one) => one.owned).length - sets.length).toBeLessThan(10);
      }
    }
    const complete = ownComplete(sets);
    const count = (period: "day" | "week" | "month") =>
      new Set(complete.map((one) => periodsOf(one.at, timeZone)[period])).size;
    expect(count("month")).toBe(6);
    expect(count("week")).toBeGreaterThanOrEqual(4);
    expect(count("day")).toBeGreaterThanOrEqual(7);
    // 3 last, of which one is the day's; 7 days, of which one is a week's at least; 4 weeks; 6 months.
    expect(complete.length).toBeLessThanOrEqual(3 + 7 + 4 + 6);
    expect(complete.length).toBeGreaterThanOrEqual(2 + 7 + 2 + 4);
    expect(complete[0]?.at.getTime()).toBeGreaterThan(Date.UTC(2025, 11, 31));
  });

  test("counts the day of 23 and the day of 25 hours once each", () => {
    const days = [
      new Date("2025-03-30T00:00:00Z"),
      new Date("2025-10-26T00:00:00Z"),
      new Date("2025-03-09T00:00:00Z"),
    ];
    for (const day of days) {
      const sets = Array.from({ length: 23 }, (_, hour) => instantOf(day, hour, timeZone)).map((at) =>
        set(at.toISOString(), at.toISOString()),
      );
      expect(kept(planRetention(sets, { ...none, daily: 9, timeZone }))).toHaveLength(1);
    }
  });
});
