import { describe, expect, test } from "bun:test";
import type { HealthFinding } from "#lib/core/health.ts";
import { emptyMemory, type HealthMemory, parseMemory } from "#lib/core/health-memory.ts";
import { composeHealthMessage } from "#lib/core/health-message.ts";
import { addSamples, planNews } from "#lib/core/health-news.ts";

const start = Date.parse("2026-11-21T12:00:00.000Z");
const hourMs = 3_600_000;
const at = (hours: number) => new Date(start + hours * hourMs);

function finding(name: string, severity: HealthFinding["severity"] = "warning"): HealthFinding {
  return { name, severity, message: `${name} is ${severity}`, hint: `repair ${name}` };
}

/** What a check tells at each of these hours. */
function tellAll(
  checks: readonly (readonly [hours: number, findings: readonly HealthFinding[]])[],
): string[] {
  let memory = emptyMemory;
  return checks.map(([hours, findings]) => {
    const news = planNews(memory, findings, { now: at(hours), remindMs: 24 * hourMs });
    ({ memory } = news);
    return news.kind;
  });
}

describe("planNews()", () => {
  test("tells of a problem once, reminds a day later, and tells that it is gone", () => {
    const age = [finding("age"), finding("space", "ok")];
    expect(
      tellAll([
        [0, [finding("age", "ok")]],
        [1, age],
        [1.5, age],
        [24.5, age],
        [25, age],
        [25.5, age],
        [49, age],
        [50, [finding("age", "ok")]],
        [50.5, []],
      ]),
    ).toEqual(["none", "changed", "none", "none", "reminder", "none", "reminder", "recovered", "none"]);
  });

  test("tells when one becomes worse, one is added, one of several goes; not when one becomes less bad", () => {
    expect(
      tellAll([
        [0, [finding("age")]],
        [1, [finding("age", "critical")]],
        [2, [finding("age")]],
        [3, [finding("age"), finding("space")]],
        [4, [finding("space")]],
        [5, [finding("space")]],
      ]),
    ).toEqual(["changed", "changed", "none", "changed", "changed", "none"]);
  });

  test("tells five times of a problem that comes and goes at each check of a day, and that it is gone after three hours without it", () => {
    const flaps = Array.from(
      { length: 47 },
      (_, index) => [index / 2, index % 2 === 0 ? [finding("stacks", "critical")] : []] as const,
    );
    const told = tellAll([...flaps, [24, []], [26, []], [26.5, []], [27, []], [28, [finding("stacks")]]]);
    expect(told.slice(0, 5)).toEqual(["changed", "recovered", "changed", "recovered", "changed"]);
    expect(told.slice(5, -4)).toEqual(Array(43).fill("none"));
    expect(told.slice(-4)).toEqual(["none", "none", "recovered", "changed"]);
  });

  test("says of a problem that it comes and goes, and forgets that after a quiet day", () => {
    let memory = emptyMemory;
    const check = (hours: number, findings: readonly HealthFinding[]) => {
      const before = memory;
      const news = planNews(before, findings, { now: at(hours), remindMs: 24 * hourMs });
      ({ memory } = news);
      return composeHealthMessage(
        { jobs: [{ name: "shop", findings, unjudged: [], space: {} }], machine: [] },
        [{ job: "shop", before, news }],
      );
    };
    for (const hours of [0, 1]) {
      check(hours, [finding("stacks")]);
      check(hours + 0.5, []);
    }
    expect(check(2, [finding("stacks")])?.problems[0]).toContain(
      `since ${at(2).toISOString()}, it comes and goes: `,
    );
    check(3, []);
    expect(check(6, [])?.headline).toBe("All is in order again: shop: stacks");
    expect(parseMemory(JSON.stringify(memory))).toEqual(memory);
    expect(check(31, [finding("stacks")])?.problems[0]).not.toContain("comes and goes");
    expect(memory.recent).toBeUndefined();
  });

  test("takes back nothing that could not be looked at, and does not remind of it", () => {
    const first = planNews(emptyMemory, [finding("stacks", "critical"), finding("age")], {
      now: at(0),
      remindMs: hourMs,
    });
    const next = planNews(first.memory, [finding("age", "ok")], {
      now: at(2),
      remindMs: hourMs,
      unjudged: ["stacks"],
    });
    expect(next).toMatchObject({ kind: "changed", gone: ["age"] });
    const message = composeHealthMessage({ jobs: [], machine: [] }, [
      { job: "shop", before: first.memory, news: next },
    ]);
    expect(message?.headline).toBe("In order again: shop: age");
    const later = planNews(next.memory, [], { now: at(9), remindMs: hourMs, unjudged: ["stacks"] });
    expect(later).toMatchObject({ kind: "none", gone: [] });
    const same = planNews(later.memory, [finding("stacks", "critical")], {
      now: at(9),
      remindMs: 99 * hourMs,
    });
    expect(same.kind).toBe("none");
    expect(same.memory.problems["stacks"]?.since).toBe(at(0).toISOString());
  });

  test("reminds although the clock was set back behind the last time", () => {
    expect(
      tellAll([
        [0, [finding("age")]],
        [-5, [finding("age")]],
      ]),
    ).toEqual(["changed", "reminder"]);
  });

  test("remembers since when", () => {
    const first = planNews(emptyMemory, [finding("age")], { now: at(0), remindMs: hourMs });
    const { memory } = planNews(first.memory, [finding("age", "critical")], { now: at(1), remindMs: hourMs });
    expect(memory).toMatchObject({
      problems: { age: { severity: "critical", since: at(0).toISOString() } },
      toldAt: at(1).toISOString(),
    });
    expect(planNews(memory, [], { now: at(2), remindMs: hourMs }).memory).toEqual({
      ...emptyMemory,
      recent: { age: { at: at(2).toISOString(), returns: 0 } },
    });
  });
});

test("addSamples() keeps two samples a day at most, the last 60, none of the future or of what is no destination any more", () => {
  const sample = (hours: number) => ({ at: at(hours).toISOString(), freeBytes: hours });
  let known: HealthMemory["space"] = { "/old": [sample(0)] };
  for (let hours = 0; hours < 24 * 40; hours += 0.5) known = addSamples(known, { "/mnt": sample(hours) });
  expect(Object.keys(known)).toEqual(["/mnt"]);
  expect(known["/mnt"]).toHaveLength(60);
  expect(known["/mnt"]?.at(-1)?.freeBytes).toBe(24 * 40 - 12);
  expect(addSamples(known, { "/mnt": sample(1) })["/mnt"]).toEqual([sample(1)]);
});

test("parseMemory() knows what it wrote, and nothing that is cut off or newer", () => {
  const text = JSON.stringify({ ...emptyMemory, added: "later" });
  expect(parseMemory(text)).toMatchObject(emptyMemory);
  expect(parseMemory(text.slice(0, -3))).toBeUndefined();
  expect(parseMemory(JSON.stringify({ ...emptyMemory, schema: 2 }))).toBeUndefined();
});

describe("composeHealthMessage()", () => {
  const told = (job: string, before: HealthMemory, findings: readonly HealthFinding[], hours: number) => ({
    job,
    before,
    news: planNews(before, findings, { now: at(hours), remindMs: 24 * hourMs }),
  });

  test("says nothing when no job has news", () => {
    expect(
      composeHealthMessage({ jobs: [], machine: [] }, [told("shop", emptyMemory, [], 0)]),
    ).toBeUndefined();
  });

  test("puts the worst first, names the jobs in trouble and since when, and reminds as such", () => {
    const findings = [finding("size"), finding("age", "critical")];
    const health = {
      jobs: [
        { name: "shop", findings, unjudged: [], space: {} },
        { name: "blog", findings: [], unjudged: [], space: {} },
      ],
      machine: [],
    };
    const first = told("shop", emptyMemory, findings, 0);
    expect(composeHealthMessage(health, [first, told("blog", emptyMemory, [], 0)])).toMatchObject({
      outcome: "failed",
      tag: "CRITICAL",
      severity: "critical",
      job: "shop",
      headline: "shop: age: age is critical (and 1 more)",
      problems: [
        `CRITICAL since ${at(0).toISOString()}: shop: age: age is critical. repair age`,
        `WARNING since ${at(0).toISOString()}: shop: size: size is warning. repair size`,
      ],
    });
    const reminder = composeHealthMessage(health, [told("shop", first.news.memory, findings, 25)]);
    expect(reminder?.headline).toStartWith("Still: shop: age");
  });

  test("is as loud about the end of a problem as it was about the problem", () => {
    const { memory } = told("shop", emptyMemory, [finding("age", "critical")], 0).news;
    const health = {
      jobs: [{ name: "shop", findings: [finding("age", "ok")], unjudged: [], space: {} }],
      machine: [],
    };
    expect(composeHealthMessage(health, [told("shop", memory, [], 1)])).toMatchObject({
      outcome: "complete",
      tag: "RECOVERED",
      severity: "critical",
      job: "shop",
      headline: "All is in order again: shop: age",
    });
  });
});
