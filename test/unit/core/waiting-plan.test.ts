import { describe, expect, test } from "bun:test";
import { planGivingUp, type WaitingFacts } from "#lib/core/waiting-plan.ts";

const now = new Date("2026-11-20T12:00:00Z");
const policy = { last: 1, daily: 3, weekly: 0, monthly: 0, yearly: 0, timeZone: "UTC" };

/** `3-19` is the set of the third at 19:00; a question mark makes it a partial one. */
const waitingOf = (...names: readonly string[]): WaitingFacts[] =>
  names.map((runId) => {
    const [day = "", hour = ""] = runId.replace("?", "").split("-");
    const startedAt = new Date(Date.UTC(2026, 10, Number(day), Number(hour))).toISOString();
    return { runId, startedAt, outcome: runId.endsWith("?") ? "partial" : "complete" };
  });
const givenUp = (names: readonly string[], most: number) =>
  planGivingUp(waitingOf(...names), most, policy, now).map(({ runId }) => runId);

describe("planGivingUp()", () => {
  test("gives nothing up while there is room", () => {
    expect(givenUp(["1-3", "1-11", "1-19"], 3)).toEqual([]);
    expect(givenUp([], 1)).toEqual([]);
  });

  test("gives up first what the store's rules would not keep, oldest first, then the oldest", () => {
    const names = ["1-3", "1-19", "2-3", "2-19", "3-3", "3-19"];
    expect(givenUp(names, 4)).toEqual(["1-3", "2-3"]);
    expect(givenUp(names, 2)).toEqual(["1-3", "2-3", "3-3", "1-19"]);
    expect(givenUp(names.toReversed(), 2)).toEqual(["1-3", "2-3", "3-3", "1-19"]);
  });

  test("takes no set of a time to come for the newest one", () => {
    expect(givenUp(["19-3", "20-3", "25-3"], 1)).toEqual(["19-3", "25-3"]);
    expect(givenUp(["25-3", "26-3"], 1)).toEqual(["25-3"]);
  });

  test("never gives up the newest complete set, though it is the oldest of all", () => {
    expect(givenUp(["1-3", "2-3?", "3-3?", "4-3?"], 2)).toEqual(["2-3?", "3-3?"]);
    expect(givenUp(["1-3", "2-3?"], 1)).toEqual(["2-3?"]);
    expect(givenUp(["1-3", "2-3"], 1)).toEqual(["1-3"]);
  });
});
