import { countNoun } from "#lib/core/count-noun.ts";
import { mustRunOne } from "#lib/core/deploy-verdict.ts";
import type { StagePlan } from "#lib/core/stage.ts";
import type { StepResult } from "#lib/core/step-result.ts";
import type { UnitPlan } from "#lib/core/unit-state.ts";
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
  const problems = findings.filter(({ passed }) => !passed).map(({ message }) => message);
  for (const stage of plan.stages) {
    say(titleOf(stage));
    const found = await stepsOf(host, stage);
    const load = stage.limit === undefined ? "" : ` (limited to ${stage.limit} concurrent)`;
    const results: StepResult[] = [];
    for (const { name, foresee } of found.steps) {
      const result = foreseen(name, await foresee());
      results.push(result);
      say(
        `[DRY RUN] ${result.reason === "start" ? `Would start: ${name}${load}` : `${name} ${result.message}`}`,
      );
    }
    for (const pattern of found.unmatched) say(`[DRY RUN] No unit matches ${pattern}`);
    if (stage.policy !== "warning") {
      const isRequired = stage.policy === "required";
      const refused = results.filter((one) => one.verdict === "failed" || (isRequired && !wouldRun(one)));
      problems.push(...refused.map(({ name, message }) => `${name} ${message}`));
      problems.push(...found.unmatched.map((pattern) => `No unit matches ${pattern}`));
    }
    steps.push(...results.map((result) => ({ policy: stage.policy, stage: stage.label, result })));
  }
  const counts = { total: steps.length, successful: 0, partial: 0, failed: 0, timedOut: 0, skipped: 0 };
  if (problems.length === 0 && !mustRunOne(steps).some(({ result }) => wouldRun(result))) {
    problems.push("No backup would be executed");
  }
  const running = steps.filter(({ result }) => wouldRun(result));
  return {
    verdict: {
      outcome: problems.length === 0 ? "complete" : "failed",
      counts,
      failureRatePercent: 0,
      reason:
        problems.length === 0 ? `Would start ${countNoun(running.length, "backup")}` : problems.join("; "),
    },
    steps,
    findings,
  };
}

function wouldRun({ reason }: StepResult): boolean {
  return reason === "start" || reason === "join";
}

const words = { start: "would be started", join: "runs already, and its end would be waited for" } as const;

function foreseen(name: string, plan: UnitPlan): StepResult {
  const known = { name, durationMs: 0, lastLines: [] };
  if (plan.act !== "none")
    return { ...known, verdict: "skipped", reason: plan.act, message: words[plan.act] };
  const { verdict, reason, message } = plan;
  return { ...known, verdict, reason, message: `would not be started: ${message}` };
}
