/** All stages on one host: preflight, then stage after stage, then the verdict. */

import { formatDeployLines } from "#lib/core/deploy-lines.ts";
import { type DeployVerdict, type JudgedStep, judgeDeploy } from "#lib/core/deploy-verdict.ts";
import type { Finding } from "#lib/core/report.ts";
import type { Stage, StagePlan } from "#lib/core/stage.ts";
import { checkSpace, execAt } from "#lib/predeploy/check-space.ts";
import { type Host, nameAt } from "#lib/predeploy/host.ts";
import { runStage } from "#lib/predeploy/run-stage.ts";

export interface HostStep extends JudgedStep {
  /** Label of its stage. */
  readonly stage: string;
}

export interface HostResult {
  readonly verdict: DeployVerdict;
  readonly steps: readonly HostStep[];
  readonly findings: readonly Finding[];
}

/** Never rejects for what happens to a unit; rejects when systemd can no longer be asked what there is. */
export async function runHost(host: Host, plan: StagePlan): Promise<HostResult> {
  const { context, target } = host;
  const { log, settings, signal } = context;
  log.info("stage.began", nameAt(target, "Stage 0: Pre-Flight Checks"));
  const findings = await runPreflight(host, plan);
  const refusal = findings.find(({ passed }) => !passed);
  if (refusal !== undefined) {
    const reason = `Pre-flight check failed: ${refusal.message}`;
    return { verdict: { ...judgeDeploy([], 0), reason }, steps: [], findings };
  }
  const steps: HostStep[] = [];
  for (const stage of plan.stages) {
    if (signal.aborted) break;
    log.info("stage.began", nameAt(target, titleOf(stage)));
    const results = await runStage(host, stage);
    steps.push(...results.map((result) => ({ policy: stage.policy, stage: stage.label, result })));
    log.info("stage.ended", nameAt(target, `Stage ${stage.label} complete`));
  }
  const judged = judgeDeploy(steps, settings.THRESHOLD_PERCENT);
  const verdict: DeployVerdict = signal.aborted
    ? { ...judged, outcome: "failed", reason: "Stopped before every stage had run" }
    : judged;
  log.info("stage.began", nameAt(target, `Stage ${labelAfter(plan)}: Verification and Final Report`));
  for (const { level, text } of formatDeployLines(verdict, steps)) {
    log[level]("stage.report", nameAt(target, text));
  }
  return { verdict, steps, findings };
}

export async function runPreflight({ context, target }: Host, plan: StagePlan): Promise<readonly Finding[]> {
  const { deps, settings, signal, log } = context;
  const asker = { exec: execAt(deps.exec, target), timeoutMs: settings.FS_TIMEOUT, signal };
  const checked = await Promise.all(plan.preflight.map((required) => checkSpace(asker, required)));
  const findings = checked
    .flat()
    .map((finding) => ({ ...finding, message: nameAt(target, finding.message) }));
  for (const { passed, message } of findings) {
    if (passed) log.info("preflight.passed", message);
    else log.error("preflight.failed", message);
  }
  return findings;
}

/** After 3b comes 4. */
function labelAfter({ stages }: StagePlan): number {
  const last = Number.parseInt(stages.at(-1)?.label ?? "", 10);
  return (Number.isNaN(last) ? stages.length : last) + 1;
}

export function titleOf({ label, title }: Stage): string {
  return `Stage ${label}: ${title}`;
}
