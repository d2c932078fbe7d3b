/** The result of a run from the results of its hosts. Pure. */
import { deployJson } from "#lib/core/deploy-lines.ts";
import { worstOutcome } from "#lib/core/deploy-verdict.ts";
import { formatDuration } from "#lib/core/duration.ts";
import type { PartOutcome } from "#lib/core/outcome.ts";
import type { PartReport } from "#lib/core/report.ts";
import type { RunResult } from "#lib/core/run-context.ts";
import type { StepVerdict } from "#lib/core/step-result.ts";
import { nameAt } from "#lib/predeploy/host.ts";
import type { HostResult, HostStep } from "#lib/predeploy/run-host.ts";
import type { ManagerTarget } from "#lib/units/unit-manager.ts";

export interface TargetResult extends HostResult {
  readonly target: ManagerTarget;
}

const partOutcomes: Readonly<Record<StepVerdict, PartOutcome>> = {
  success: "complete",
  partial: "partial",
  skipped: "partial",
  failed: "failed",
  timeout: "failed",
  stopped: "failed",
};

const words: Readonly<Record<PartOutcome, string>> = {
  complete: "Deploy",
  partial: "Deploy with care",
  failed: "Do not deploy",
};

export function describeRun(results: readonly TargetResult[], isDryRun: boolean): RunResult {
  const outcome = worstOutcome(results.map(({ verdict }) => verdict.outcome));
  const steps = results.flatMap((result) => result.steps.map((step) => ({ ...step, target: result.target })));
  const wanting = steps.filter(({ result }) => result.verdict !== "success" && !isDryRun);
  const reasons = results
    .filter(({ verdict }) => verdict.outcome === outcome)
    .map(({ target, verdict }) => nameAt(target, verdict.reason));
  return {
    outcome,
    headline: `${isDryRun ? "Dry run" : words[outcome]}: ${reasons.join("; ")}`,
    hint: outcome === "failed" && !isDryRun ? hintOf(results, wanting.length > 0) : undefined,
    problems: [
      ...results.flatMap(({ findings }) =>
        findings.filter(({ passed }) => !passed).map(({ message }) => message),
      ),
      ...wanting.map(({ target, result }) => nameAt(target, `${result.name} ${result.message}`)),
    ],
    notes: wanting
      .filter(({ result }) => result.lastLines.length > 0)
      .map(({ target, result }) =>
        [nameAt(target, `Last lines of ${result.name}:`), ...result.lastLines].join("\n"),
      ),
    findings: results.flatMap(({ findings }) => findings),
    parts: steps.map(({ target, ...step }) => describePart(target, step, isDryRun)),
    details: {
      ...deployJson(results.map(({ verdict }) => verdict)),
      deploy: { complete: "yes", partial: "with-care", failed: "no" }[outcome],
      units: steps.map(({ target, stage, policy, result }) => {
        const { durationMs, ...facts } = result;
        const host = target.kind === "host" ? target.host : undefined;
        return { host, stage, policy, ...facts, durationSeconds: Math.round(durationMs) / 1000 };
      }),
    },
  };
}

/** Where nothing began, what kept it from that. */
function hintOf(results: readonly TargetResult[], hasSteps: boolean): string | undefined {
  if (hasSteps) return "Look at what failed below, and at its journal";
  return results.flatMap(({ findings }) => findings).find(({ passed }) => !passed)?.hint;
}

function describePart(target: ManagerTarget, { result, stage }: HostStep, isDryRun: boolean): PartReport {
  const { name, verdict, message, durationMs } = result;
  const time = durationMs > 0 ? ` (${formatDuration(durationMs)})` : "";
  return {
    kind: "unit",
    name: nameAt(target, name),
    // What a dry run leaves out is no lack of a run.
    outcome: isDryRun && verdict === "skipped" ? "complete" : partOutcomes[verdict],
    message: `stage ${stage}, ${message}${time}`,
  };
}
