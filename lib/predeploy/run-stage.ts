/** One stage of one host: find its units, run as many at a time as it allows, refill each place as soon as it is free. */
import { countNoun } from "#lib/core/count-noun.ts";
import { noMatch } from "#lib/core/deploy-verdict.ts";
import { formatDuration } from "#lib/core/duration.ts";
import { orderByDuration, type Stage } from "#lib/core/stage.ts";
import type { StepResult } from "#lib/core/step-result.ts";
import { type Host, nameAt } from "#lib/predeploy/host.ts";
import { type Step, stepsOf } from "#lib/predeploy/steps.ts";

/**
 * The results of a stage in the order of its steps. Throws when systemd cannot be asked what there is; and after an error
 * that nobody foresaw, when what else was started here has been stopped.
 */
export async function runStage(host: Host, stage: Stage): Promise<readonly StepResult[]> {
  const { context, durationsMs, live } = host;
  const broken = new AbortController();
  const signal = AbortSignal.any([context.signal, broken.signal]);
  const { steps, unmatched } = await stepsOf({ ...host, context: { ...context, signal } }, stage);
  const say = (text: string) => context.log.info("stage.progress", nameAt(host.target, text));
  if (stage.units.length > 0) say(`Found ${countNoun(steps.length, "unit")} to run`);
  for (const pattern of unmatched) {
    context.log.warning("stage.unmatched", nameAt(host.target, `No unit matches ${pattern}`));
  }
  const waiting = orderByDuration(steps, durationsMs);
  // By the step itself: two commands may have one name.
  const results = new Map<Step, StepResult>();
  const places = Math.min(stage.limit ?? waiting.length, waiting.length);
  let active = 0;
  live.waits(waiting.length);
  const work = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      live.waits(-1);
      const load = stage.limit === undefined || stage.limit === 1 ? "" : ` (${active}/${stage.limit} active)`;
      active += 1;
      const result = await runStep(host, stage, step, load, signal);
      active -= 1;
      results.set(step, result);
      if (result.verdict === "success") durationsMs.set(nameAt(host.target, step.name), result.durationMs);
    }
  };
  // The others are stopped, and waited for; the first error is the one that counts.
  const workers = Array.from({ length: places }, () => work().catch((error) => broken.abort(error)));
  await Promise.all(workers);
  broken.signal.throwIfAborted();
  return [
    ...steps.flatMap((step) => results.get(step) ?? []),
    ...unmatched.map((pattern) => notMatched(pattern)),
  ];
}

async function runStep(
  host: Host,
  stage: Stage,
  step: Step,
  load: string,
  signal: AbortSignal,
): Promise<StepResult> {
  const { context, live, target } = host;
  const { log } = context;
  const shown = nameAt(target, step.name);
  if (signal.aborted) {
    return {
      name: step.name,
      verdict: "stopped",
      reason: "stopped",
      message: "not started",
      durationMs: 0,
      lastLines: [],
    };
  }
  const onBegin = (isJoined: boolean) => {
    live.began(shown);
    log.info(
      "step.began",
      isJoined ? `${shown} runs already - waiting for its end` : `Starting ${shown}${load}...`,
    );
  };
  const result = await step.run(onBegin);
  live.ended(shown);
  sayEnd(host, stage, shown, result);
  return result;
}

function sayEnd({ context: { log } }: Host, stage: Stage, shown: string, result: StepResult): void {
  const { verdict, message, durationMs, lastLines } = result;
  const tail = lastLines.map((line) => `\n  ${line}`).join("");
  if (verdict === "success") {
    log.info("step.success", `${shown}: ${message} (${formatDuration(durationMs)})`);
  } else if (verdict === "skipped") {
    log.warning("step.skipped", `${shown} ${message} - skipping`);
  } else {
    const isLoud = verdict !== "partial" && stage.policy !== "warning";
    log[isLoud ? "error" : "warning"](`step.${verdict}`, `${shown} ${message}${tail}`);
  }
}

function notMatched(pattern: string): StepResult {
  return {
    name: pattern,
    verdict: "failed",
    reason: noMatch,
    message: "matches no unit",
    durationMs: 0,
    lastLines: [],
  };
}
