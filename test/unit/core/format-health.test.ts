import { expect, test } from "bun:test";
import { formatHealthTable, formatNagios, healthJson, nagiosHead } from "#lib/core/format-health.ts";
import type { Health } from "#lib/core/health.ts";
import { measureHealth } from "#lib/core/health-metrics.ts";

const age = {
  name: "age",
  severity: "ok",
  message: "2h old",
  figure: { value: 7200, unit: "s", limit: 93_600 },
} as const;
const space = {
  name: "space /mnt/o'b=|",
  severity: "critical",
  message: "1 | 2 are\nfree",
  hint: "Free space",
  figure: { value: 5, unit: "B", limit: 9, isMinimum: true },
} as const;
const well: Health = { jobs: [{ name: "shop", findings: [age], unjudged: [], space: {} }], machine: [] };
const ill: Health = {
  jobs: [...well.jobs, { name: "blog", findings: [age, space], unjudged: [], space: {} }],
  machine: [{ name: "cron", severity: "warning", message: "not installed" }],
};

test("formatHealthTable() has a row for each problem with what to do, and one for a job that is well", () => {
  expect(formatHealthTable(ill, false)).toBe(
    [
      "JOB        STATE     CHECK             WHAT",
      "(machine)  WARNING   cron              not installed",
      "shop       OK        1 checks          2h old",
      "blog       CRITICAL  space /mnt/o'b=|  1 | 2 are free",
      "                                       -> Free space",
      "",
    ].join("\n"),
  );
  expect(formatHealthTable(well, true)).toContain("shop  OK     age    2h old");
  const room = { name: "space /mnt", severity: "ok", message: "9 are free" } as const;
  const roomFirst = { name: "shop", findings: [room, age], unjudged: [], space: {} };
  expect(formatHealthTable({ jobs: [roomFirst], machine: [] }, false)).toContain("2 checks  2h old");
});

test("formatNagios() has one line with figures that no text can break, then a line for each problem", () => {
  expect(formatNagios(well)).toBe("LASTGOOD OK: 1 job is well | 'shop age'=7200s;93600\n");
  expect(formatNagios(ill)).toBe(
    [
      "LASTGOOD CRITICAL: blog: space /mnt/o'b=/: 1 / 2 are free (and 1 more) | 'shop age'=7200s;93600 'blog age'=7200s;93600 'blog space /mnt/o_b_/'=5B;9:",
      "CRITICAL blog: space /mnt/o'b=/: 1 / 2 are free",
      "WARNING cron: not installed",
      "",
    ].join("\n"),
  );
});

test("formatNagios() keeps its first line short, says all of it below, and has no figures where there are none", () => {
  const message = `invalid: ${"much ".repeat(200)}end`;
  const findings = [{ name: "configuration", severity: "critical", message } as const];
  const jobs = [{ name: "shop", findings, unjudged: [], space: {} }];
  const [head = "", whole] = formatNagios({ jobs, machine: ill.machine }).split("\n");
  expect(head).toStartWith("LASTGOOD CRITICAL: shop: configuration: invalid: much ");
  expect(head).toEndWith("… (and 1 more)");
  expect(head).toHaveLength("LASTGOOD CRITICAL: ".length + 80 + " (and 1 more)".length);
  expect(nagiosHead("unknown", message)).toHaveLength(120);
  expect(whole).toBe(`CRITICAL shop: configuration: ${message}`);
});

test("healthJson() says the state of each job and of all, with the exit code", () => {
  const json = healthJson(ill, { host: "web1", checkedAt: new Date("2026-11-21T12:00:00Z") });
  expect(json).toMatchObject({
    state: "critical",
    exitCode: 2,
    jobs: [
      { job: "shop", state: "ok" },
      { job: "blog", state: "critical" },
    ],
  });
});

test("measureHealth() has a state for each check and its figure in its unit", () => {
  const metrics = measureHealth(ill, new Date("2026-11-21T12:00:00Z"));
  const samples = Object.fromEntries(metrics.map(({ name, samples: each }) => [name, each]));
  expect(samples["lastgood_health_state"]).toEqual([
    { labels: { job: "", check: "cron" }, value: 1 },
    { labels: { job: "shop", check: "age" }, value: 0 },
    { labels: { job: "blog", check: "age" }, value: 0 },
    { labels: { job: "blog", check: space.name }, value: 2 },
  ]);
  expect(samples["lastgood_health_bytes"]).toEqual([
    { labels: { job: "blog", check: space.name }, value: 5 },
  ]);
  expect(samples["lastgood_health_number"]).toBeUndefined();
});
