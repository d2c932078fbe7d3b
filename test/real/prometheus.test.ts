/** What examples/prometheus has, by Prometheus' own tool. */
import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Health } from "#lib/core/health.ts";
import { measureHealth } from "#lib/core/health-metrics.ts";
import { measureReport } from "#lib/core/metrics.ts";
import type { Report } from "#lib/core/report.ts";
import { formatPrometheusText } from "#lib/tools/prometheus-text.ts";
import { createSandbox, projectDirectory } from "#test/support/sandbox.ts";

const promtool = join(process.env.LASTGOOD_PARTS ?? "/var/cache/lastgood-parts", "bin/promtool");
const directory = join(projectDirectory, "examples/prometheus");

function check(input: string, ...args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(promtool, args, { input, cwd: directory, encoding: "utf8" });
  return { status, output: `${stdout}${stderr}` };
}

const report: Report = {
  schema: 1,
  script: "backup-run",
  job: "shop",
  host: "web1",
  runId: "1",
  version: "0.1.0",
  outcome: "partial",
  exitCode: 1,
  dryRun: false,
  startedAt: "2026-11-21T03:00:00.000Z",
  endedAt: "2026-11-21T03:04:00.500Z",
  durationSeconds: 240.5,
  headline: "",
  critical: false,
  problems: ["one"],
  notes: [],
  findings: [],
  parts: [
    {
      ...{ kind: "source", name: 'stack "a\\b"\nc', outcome: "complete", message: "" },
      ...{ bytesIn: 10, bytesOut: 5, entries: 2, windowSeconds: 1.5 },
    },
    { kind: "store", name: "nas", outcome: "failed", message: "" },
    { kind: "store", name: "nas", outcome: "complete", message: "the queue" },
  ],
  logTail: [],
};

const finding = { name: "age", severity: "ok", message: "", figure: { value: 1, unit: "s" } } as const;
const health: Health = {
  jobs: [{ name: "shop", findings: [finding], unjudged: [], space: {} }],
  machine: [],
};
const names = [...measureReport(report, undefined), ...measureHealth(health, new Date(0))].map(
  ({ name }) => name,
);

describe.skipIf(!existsSync(promtool))("promtool", () => {
  test("finds nothing wrong with the metrics of a run, whatever its parts are called", async () => {
    const text = await formatPrometheusText(measureReport(report, "2026-11-20T03:04:00.500Z"));
    expect(text).toContain('name="stack \\"a\\\\b\\"\\nc"} 1.5\n');
    expect(check(text, "check", "metrics")).toEqual({ status: 0, output: "" });
  });

  test("accepts the rules, and they say what their tests expect", () => {
    expect(check("", "check", "rules", "--lint=all", "--lint-fatal", "rules.yml")).toMatchObject({
      status: 0,
    });
    const tested = check("", "test", "rules", "rules-test.yml");
    expect(tested).toMatchObject({ status: 0, output: expect.stringContaining("SUCCESS") });
  });

  test("understands every expression of the dashboard", async () => {
    await using sandbox = await createSandbox();
    const rules = expressionsOf("dashboard.json").map(
      (expression, index) => `      - record: panel${index}\n        expr: ${JSON.stringify(expression)}\n`,
    );
    expect(rules.length).toBeGreaterThan(5);
    const file = await sandbox.write("rules.yml", `groups:\n  - name: x\n    rules:\n${rules.join("")}`);
    expect(check("", "check", "rules", file)).toMatchObject({ status: 0 });
  });
});

function expressionsOf(file: string): readonly string[] {
  const { panels } = JSON.parse(readFileSync(join(directory, file), "utf8"));
  const targets = (panels as { targets: { expr: string }[] }[]).flatMap((panel) => panel.targets);
  return targets.map(({ expr }) => expr.replaceAll("$job", ".*").replaceAll("$instance", ".*"));
}

test("measureReport() and measureHealth() write every metric that the rules and the dashboard name", () => {
  const texts = ["rules.yml", "dashboard.json"].map((file) => readFileSync(join(directory, file), "utf8"));
  const named = new Set(texts.join("").match(/\blastgood_[a-z_]+/g));
  expect([...named].filter((name) => !names.includes(name))).toEqual([]);
});

test("measureReport() counts a part once, as it ended last, and says 0 where no run was complete", () => {
  const metrics = measureReport(report, undefined);
  const find = (name: string) => metrics.find((metric) => metric.name === name)?.samples;
  expect(find("lastgood_part_complete")).toMatchObject([
    { labels: { kind: "source" }, value: 1 },
    { labels: { kind: "store", name: "nas" }, value: 1 },
  ]);
  expect(find("lastgood_last_success_timestamp_seconds")).toMatchObject([{ value: 0 }]);
  expect(find("lastgood_last_run_timestamp_seconds")).toMatchObject([{ value: 1_795_230_241 }]);
  expect(measureReport({ ...report, parts: [] }, undefined).map(({ name }) => name)).not.toContain(
    "lastgood_part_complete",
  );
});
