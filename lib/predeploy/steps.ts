/** What a stage means on a host: its units by name, its jobs, its commands, each ready to be run. */

import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { Stage } from "#lib/core/stage.ts";
import type { StepResult } from "#lib/core/step-result.ts";
import type { UndoEntry } from "#lib/core/undo.ts";
import { isGlob, matchesPattern } from "#lib/core/unit-pattern.ts";
import { planUnitRun, type UnitPlan } from "#lib/core/unit-state.ts";
import { type Host, nameAt } from "#lib/predeploy/host.ts";
import { lookUntilAnswered } from "#lib/units/follow-unit.ts";
import { readUnitJournal, recallFromJournal } from "#lib/units/read-unit-journal.ts";
import { type CommandOrder, runCommand } from "#lib/units/run-command.ts";
import { runUnit, type UnitWatch } from "#lib/units/run-unit.ts";

export interface Step {
  readonly name: string;
  /** What `run` would do now, as far as it can be seen without doing it. */
  readonly foresee: () => Promise<UnitPlan>;
  /** Never rejects for what happens to the step. `onBegin` is called when it begins, or joins a run under way. */
  readonly run: (onBegin: (isJoined: boolean) => void) => Promise<StepResult>;
}

export interface StageSteps {
  readonly steps: readonly Step[];
  /** Patterns that match nothing here. */
  readonly unmatched: readonly string[];
}

/** Exit statuses of our own `backup-run`. */
const jobPartial = 1;
const jobBusy = 75;

/** A bus that is lost for a moment is waited for; after that a unit goes by the name that it was given. */
const namesMs = 30_000;

export async function stepsOf(host: Host, stage: Stage): Promise<StageSteps> {
  const found: string[] = [];
  const unmatched: string[] = [];
  const { manager, context } = host;
  const { clock } = context.deps;
  const deadlineMs = clock.monotonicMs() + namesMs;
  const ownName = async (unit: string) =>
    (await lookUntilAnswered({ manager, clock }, unit, deadlineMs, context.signal))?.id ?? unit;
  for (const pattern of stage.units) {
    // By its own name, since what systemd tells of a unit it does not tell of its aliases.
    const names = isGlob(pattern) ? await manager.find([pattern]) : [await ownName(pattern)];
    const wanted = names.filter((name) => !stage.except.some((except) => matchesPattern(name, except)));
    if (wanted.length === 0) unmatched.push(pattern);
    found.push(...wanted);
  }
  return {
    steps: [
      ...[...new Set(found)].map((unit) => unitStep(host, stage, unit)),
      ...stage.jobs.map((job) => jobStep(host, stage, job)),
      ...stage.commands.map((command) => commandStep(host, stage, command)),
    ],
    unmatched,
  };
}

function unitStep(host: Host, stage: Stage, unit: string): Step {
  const { context, manager, target } = host;
  const { deps, signal, journal } = context;
  const run: Step["run"] = async (onBegin) => {
    const entry = {
      kind: "unit",
      unit: nameAt(target, unit),
      startedAt: deps.clock.now().toISOString(),
    } as const;
    const watch: UnitWatch = {
      manager,
      clock: deps.clock,
      signal,
      onBegin: async (isJoined) => {
        if (!isJoined) await journal.record(entry);
        onBegin(isJoined);
      },
      recall: (invocationId) => recallFromJournal({ exec: deps.exec, target, unit, invocationId }),
    };
    const { timeoutMs, whenRunning, partialStatuses } = stage;
    const result = await runUnit(watch, { unit, timeoutMs, whenRunning, partialStatuses });
    await forget(context, entry);
    const { verdict, invocationId } = result;
    if (verdict === "success" || verdict === "skipped" || invocationId === undefined) return result;
    return { ...result, lastLines: await readUnitJournal({ exec: deps.exec, target, unit, invocationId }) };
  };
  const foresee = async () => planUnitRun(await manager.look(unit), stage.whenRunning);
  return { name: unit, foresee, run };
}

function jobStep(host: Host, stage: Stage, job: string): Step {
  const { operator } = host.context;
  const command = [...operator.scriptCommand("backup-run"), "--config", job] as const;
  const [program = "", ...args] = command;
  return programStep(host, stage, `job ${job}`, [program, ...args], {
    partialStatuses: [jobPartial],
    busyStatus: jobBusy,
    // In its configuration it may be 0, for cron's sake, which here would pass for a backup.
    environment: { LOCK_BUSY_EXIT: String(jobBusy) },
  });
}

function commandStep(host: Host, stage: Stage, command: readonly [string, ...string[]]): Step {
  const { partialStatuses } = stage;
  return programStep(host, stage, command.join(" "), command, {
    partialStatuses,
    busyStatus: undefined,
    environment: {},
  });
}

interface ProgramRules extends Pick<CommandOrder, "partialStatuses" | "busyStatus"> {
  readonly environment: Readonly<Record<string, string>>;
}

function programStep(
  { context }: Host,
  { timeoutMs }: Stage,
  name: string,
  command: readonly [string, ...string[]],
  { environment, ...statuses }: ProgramRules,
): Step {
  const { deps, signal, childEnvironment, journal } = context;
  const run: Step["run"] = async (onBegin) => {
    const entry = { kind: "program", name, startedAt: deps.clock.now().toISOString() } as const;
    try {
      await journal.record(entry);
    } catch (error) {
      if (!(error instanceof OpsError)) throw error;
      const message = `was not started: ${describeError(error)}`;
      return { name, verdict: "failed", reason: "not-recorded", message, durationMs: 0, lastLines: [] };
    }
    onBegin(false);
    const watch = { clock: deps.clock, environment: { ...childEnvironment, ...environment }, signal };
    const result = await runCommand(watch, { name, command, timeoutMs, ...statuses });
    await forget(context, entry);
    return result;
  };
  return { name, foresee: async () => ({ act: "start" }), run };
}

/** It has ended: what is still recorded of it would only be told of after a death. */
async function forget({ journal, log }: Host["context"], entry: UndoEntry): Promise<void> {
  await journal
    .forget(entry)
    .catch((error: unknown) => log.warning("journal.unwritten", describeError(error)));
}
