/** All stages on one host: preflight, then stage after stage, then the verdict. */

import { formatDeployLines } from "#lib/core/deploy-lines.ts";
import { type DeployVerdict, type JudgedStep, judgeDeploy } from "#lib/core/deploy-verdict.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { Finding } from "#lib/core/report.ts";
import type { Stage, StagePlan } from "#lib/core/stage.ts";
import { checkSpace, execAt } from "#lib/predeploy/check-space.ts";
import { type Host, nameAt } from "#lib/predeploy/host.ts";
import { runStage } from "#lib/predeploy/run-stage.ts";
import { isBusLost } from "#lib/units/unit-refusal.ts";

export interface HostStep extends JudgedStep {
  /** Label of its stage. */
  readonly stage: string;
}

export interface HostResult {
  readonly verdict: DeployVerdict;
  readonly steps: readonly HostStep[];
  readonly findings: readonly Finding[];
}

/** Never rejects for what happens to a unit, nor when systemd can no longer be asked what there is. */
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
    try {
      const results = await runStage(host, stage);
      steps.push(...results.map((result) => ({ policy: stage.policy, stage: stage.label, result })));
    } catch (error) {
      if (!isBusLost(error)) throw error;
      // What has run is reported all the same.
      const unreachable = describeUnreachable(host, error, steps);
      return { ...unreachable, findings: [...findings, ...unreachable.findings] };
    }
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

/** What a host comes to whose systemd does not answer any more, with what has run until then. */
export function describeUnreachable(
  { context, target }: Pick<Host, "context" | "target">,
  error: unknown,
  steps: readonly HostStep[],
): HostResult {
  const what = "Cannot reach systemd";
  const reason = `${what}: ${describeError(error)}`;
  context.log.error("bus.unreachable", nameAt(target, reason));
  // The verdict has the reason already.
  const message = nameAt(target, what);
  const finding = { name: "systemd", passed: false, message, hint: hints[target.kind] };
  const judged = judgeDeploy(steps, context.settings.THRESHOLD_PERCENT);
  return { verdict: { ...judged, outcome: "failed", reason }, steps, findings: [finding] };
}

const hints = {
  system: "Does this host run systemd, and may this user use its bus?",
  user: "A user's manager needs a session, or loginctl enable-linger",
  host: "Try: ssh -o BatchMode=yes HOST systemctl is-system-running",
} as const;

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
