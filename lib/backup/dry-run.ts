/** What a run would do, found without any effect. */

import { setPathOf } from "#lib/backup/destinations.ts";
import { openStores } from "#lib/backup/open-stores.ts";
import type { Preflight } from "#lib/backup/preflight.ts";
import { listJobSets, planSets } from "#lib/backup/prune-sets.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { PartReport } from "#lib/core/report.ts";
import { formatRetentionPlan } from "#lib/core/retention-plan.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import { formatBytes } from "#lib/core/size.ts";

export async function describeDryRun(
  context: RunContext<Settings>,
  preflight: Preflight,
  lastBytes: number | undefined,
): Promise<RunResult> {
  const problems = [...preflight.missing.map(({ problem }) => problem), ...preflight.problems];
  const last = lastBytes === undefined ? "no earlier set" : `the last set has ${formatBytes(lastBytes)}`;
  const parts: PartReport[] = [];
  for (const { name, describe } of preflight.sources) {
    const message = `would read ${await describe()} (${last})`;
    parts.push({ kind: "source", name, outcome: "complete", message });
  }
  const relative = setPathOf(context);
  for (const { role, root } of preflight.usable) {
    parts.push({ kind: "copy", name: role, outcome: "complete", message: `would write ${root}/${relative}` });
    const plan = formatRetentionPlan(planSets(context, await listJobSets(context, root)));
    const sets = plan.length === 0 ? " none" : `\n${plan.join("\n")}`;
    const message = `today's sets in ${root}:${sets}`;
    parts.push({ kind: "retention", name: role, outcome: "complete", message });
  }
  for (const { target, remote } of openStores(context)) {
    const message = `would upload to ${remote.description}, by ${target.layout}`;
    parts.push({ kind: "store", name: target.name, outcome: "complete", message });
  }
  return {
    outcome: problems.length === 0 ? "complete" : "partial",
    headline: "Dry run: nothing was touched",
    problems,
    notes: [],
    findings: preflight.findings,
    parts,
  };
}
