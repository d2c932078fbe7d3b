/**
 * `restore SET --component stack-NAME --in-place`: a compose stack as it was, in the place of the stack as it is.
 *
 * Its files are restored beside those in use, and looked at, while it runs. Then it is stopped, every path changes its name, and it
 * is started. Until it runs and is healthy, everything can be undone by one entry of the journal, and is, by whoever comes first:
 * the end of this run, the guardian, the next boot.
 */

import { basename } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import { deriveProjectName } from "#lib/core/compose-files.ts";
import { countNoun } from "#lib/core/count-noun.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import type { StackSwap, StoppedStack } from "#lib/core/undo.ts";
import { confirmByWord } from "#lib/restore/confirm-by-word.ts";
import { describeStackPlan, describeWayBack } from "#lib/restore/describe-stack-plan.ts";
import { fetchSet } from "#lib/restore/fetch-set.ts";
import { fillBoxes } from "#lib/restore/fill-boxes.ts";
import { limitsOf } from "#lib/restore/places.ts";
import { planStack, type StackPlan } from "#lib/restore/plan-stack.ts";
import { bringUp, bringUpCommand, createVolume } from "#lib/stacks/bring-up.ts";
import { startOptionsOf } from "#lib/stacks/start-options.ts";
import { startStack } from "#lib/stacks/start-stack.ts";
import { requireStopped, stopStack } from "#lib/stacks/stop-stack.ts";
import { removeBoxes, swapPaths } from "#lib/stores/swap-paths.ts";

/** Ask whoever is there to type what will happen; undefined when the answer is another one. */
export async function confirmStackInPlace(run: RunContext<Settings>): Promise<readonly string[] | undefined> {
  const plan = await planStack(run);
  const lines = describeStackPlan(plan);
  return (await confirmByWord(run.operator, plan.facts.stack, lines)) ? [plan.component.name] : undefined;
}

export async function restoreStackInPlace(run: RunContext<Settings>): Promise<RunResult> {
  const planned = await planStack(run);
  const { component, facts } = planned;
  if (run.isDryRun)
    return result(planned, `Would restore stack "${facts.stack}"`, describeStackPlan(planned));
  for (const line of describeStackPlan(planned)) run.log.info("restore.plan", line);
  const { context, copies } = planned;
  const files = await fetchSet(context, copies, [component], run.settings.BACKUP_DIR);
  // Where docker keeps a volume it says when it has made it.
  const plan = planned.absentVolumes.length === 0 ? planned : await makeVolumes(run, planned);
  const boxes = plan.boxes.map(({ path }) => path);
  const filling: StackSwap = { kind: "stack-swap", stack: facts.stack, boxes, swaps: [] };
  await run.journal.record(filling);
  const swaps = [...(await fillBoxes(plan, files.directory, files.copy.manifest))];
  const { stopped } = plan;
  const entry: StackSwap = { ...filling, swaps, ...(stopped === undefined ? {} : { stopped }) };
  await run.journal.record(entry, filling);
  const access = { exec: run.deps.exec, timeoutMs: limitsOf(context).fsTimeoutMs };
  const notes = await exchange(run, plan, entry);
  // Killed from here on, it is restored and not rolled back, and whoever clears up says so.
  const asides = swaps.flatMap(({ aside, wasThere }) => (wasThere ? [aside] : []));
  await run.journal.record({ kind: "replaced", what: `stack "${facts.stack}"`, asides, boxes }, entry);
  if (run.signal.aborted)
    run.log.warning("restore.swapped", `It was too late to stop: stack "${facts.stack}" has been replaced`);
  await removeBoxes(entry, access);
  await files.close();
  const more =
    run.operator.flags["start"] === true ? await bringUpWhole(run, plan) : adviseStart(plan, swaps);
  const back = describeWayBack(swaps);
  const stamp = stampOf(files.copy.manifest);
  return result(
    plan,
    `Restored stack "${facts.stack}" from ${stamp}: ${swaps.length} of ${countNoun(plan.targets.length, "path")} replaced`,
    [
      ...files.notes,
      ...plan.notes,
      ...notes,
      ...more.notes,
      ...(back.length === 0 ? [] : ["To go back, with the stack stopped:", ...back]),
    ],
    more.problems,
  );
}

async function makeVolumes(run: RunContext<Settings>, plan: StackPlan): Promise<StackPlan> {
  const project = deriveProjectName(basename(plan.facts.directory));
  const prefix = `${project}_`;
  for (const name of plan.absentVolumes) {
    const title = name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
    await createVolume({ name, owner: title === undefined ? undefined : { project, title } }, run.deps.exec);
  }
  return planStack(run);
}

/** Stop, swap, start. Throws when anything of it fails, or the run is to end: then all of it is to be undone. */
async function exchange(
  run: RunContext<Settings>,
  { docker, context, facts }: StackPlan,
  entry: StackSwap,
): Promise<readonly string[]> {
  const { stopped } = entry;
  const openedMs = run.deps.clock.monotonicMs();
  run.signal.throwIfAborted();
  if (stopped !== undefined) {
    run.log.info("stack.stopping", `Stopping stack "${facts.stack}"`);
    await stopStack(docker, stopped.record);
    await requireStopped(docker, stopped.record);
    run.signal.throwIfAborted();
  }
  await swapPaths(entry, { exec: run.deps.exec, timeoutMs: limitsOf(context).fsTimeoutMs });
  run.log.info(
    "restore.swapped",
    `Replaced ${countNoun(entry.swaps.length, "path")} of stack "${facts.stack}"`,
  );
  run.signal.throwIfAborted();
  if (stopped === undefined) return [];
  const notes = await startAndWait(run, docker, stopped);
  const seconds = (run.deps.clock.monotonicMs() - openedMs) / 1000;
  return [
    ...notes,
    `Stack "${facts.stack}" runs; it was stopped, swapped and well again after ${seconds.toFixed(1)} s`,
  ];
}

async function startAndWait(
  run: RunContext<Settings>,
  docker: StackPlan["docker"],
  { record }: StoppedStack,
): Promise<readonly string[]> {
  run.log.info("stack.starting", `Starting stack "${record.project}"`);
  const starter = { docker, clock: run.deps.clock, signal: run.signal };
  const { confirm } = await startStack(starter, record, startOptionsOf(run.settings));
  const { isRunning, problems, notes } = await confirm();
  if (isRunning) return notes;
  throw new OpsError(
    `Stack "${record.project}" does not run with the restored data: ${problems.join("; ")}`,
    {
      outcome: "failed",
      hint: "Take another set, or restore it into a directory of its own and look at it",
    },
  );
}

interface Afterwards {
  readonly notes: readonly string[];
  readonly problems: readonly string[];
}

/** The data are in their place: what docker cannot do now is done by a person, with the same command. */
async function bringUpWhole(run: RunContext<Settings>, { facts }: StackPlan): Promise<Afterwards> {
  const timeoutMs = run.settings.STACK_HEALTH_TIMEOUT;
  try {
    await bringUp(facts.directory, { exec: run.deps.exec, signal: run.signal, timeoutMs });
    return { notes: [`Stack "${facts.stack}" is up by its compose file`], problems: [] };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return { notes: [], problems: [`${describeError(error)}. Try: ${bringUpCommand(facts.directory)}`] };
  }
}

function adviseStart(
  { facts, isDeployed, targets, stopped }: StackPlan,
  swaps: StackSwap["swaps"],
): Afterwards {
  const defining = new Set(targets.filter(({ item }) => item.kind === "definition").map(({ path }) => path));
  const isOther = swaps.some(({ target }) => defining.has(target));
  const command = bringUpCommand(facts.directory);
  if (!isDeployed) return { notes: [`It is not deployed here. Bring it up: ${command}`], problems: [] };
  const why = isOther
    ? "Its definition was replaced as well, and its containers are those of before"
    : stopped === undefined
      ? "It did not run before, and was not started"
      : undefined;
  return { notes: why === undefined ? [] : [`${why}. To start what it says: ${command}`], problems: [] };
}

function result(
  { component }: StackPlan,
  headline: string,
  notes: readonly string[],
  problems: readonly string[] = [],
): RunResult {
  return {
    outcome: problems.length === 0 ? "complete" : "partial",
    headline,
    problems: [...problems],
    notes: [...notes],
    findings: [],
    parts: [],
    selection: [component.name],
  };
}
