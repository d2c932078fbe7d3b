import type { StagePlan } from "#lib/core/stage.ts";
import type { StepResult } from "#lib/core/step-result.ts";
import { type Host, nameAt } from "#lib/predeploy/host.ts";
import { type HostResult, type HostStep, runPreflight, titleOf } from "#lib/predeploy/run-host.ts";
import { stepsOf } from "#lib/predeploy/steps.ts";

/** What would be started, having looked at everything and touched nothing. */
export async function dryRunHost(host: Host, plan: StagePlan): Promise<HostResult> {
  const { context, target } = host;
  const say = (text: string) => context.log.info("dry.run", nameAt(target, text));
  say("Stage 0: Pre-Flight Checks");
  const findings = await runPreflight(host, plan);
  const steps: HostStep[] = [];
  const missing: string[] = [];
  for (const stage of plan.stages) {
    say(titleOf(stage));
    const found = await stepsOf(host, stage);
    const load = stage.limit === undefined ? "" : ` (limited to ${stage.limit} concurrent)`;
    for (const { name } of found.steps) say(`[DRY RUN] Would start: ${name}${load}`);
    for (const pattern of found.unmatched) say(`[DRY RUN] No unit matches ${pattern}`);
    if (stage.policy !== "warning") missing.push(...found.unmatched);
    steps.push(
      ...found.steps.map(({ name }) => ({ policy: stage.policy, stage: stage.label, result: planned(name) })),
    );
  }
  const refusal = findings.find(({ passed }) => !passed);
  const problem =
    refusal?.message ?? (missing.length > 0 ? `No unit matches ${missing.join(", ")}` : undefined);
  const counts = { total: steps.length, successful: 0, partial: 0, failed: 0, timedOut: 0, skipped: 0 };
  return {
    verdict: {
      outcome: problem === undefined ? "complete" : "failed",
      counts,
      failureRatePercent: 0,
      reason: problem ?? `Would start ${steps.length} backups`,
    },
    steps,
    findings,
  };
}

function planned(name: string): StepResult {
  return {
    name,
    verdict: "skipped",
    reason: "dry-run",
    message: "would be started",
    durationMs: 0,
    lastLines: [],
  };
}
