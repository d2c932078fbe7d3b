/**
 * One unit from start to end: looked at, held, started, followed by what systemd says of it, stopped when its time is over.
 *
 * Only a run that was started here is ever stopped. Which one that is, its job and its InvocationID say: somebody else may
 * start the same unit again a moment later.
 */
import type { Clock } from "#lib/core/deps.ts";
import { formatDuration } from "#lib/core/duration.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { StepResult } from "#lib/core/step-result.ts";
import type { RecalledRun } from "#lib/core/unit-journal.ts";
import { isUnderWay, isUnitBusy, judgeUnitRun, planUnitRun, type UnitState } from "#lib/core/unit-state.ts";
import { type FollowedRun, followUnit, lookUntilAnswered } from "#lib/units/follow-unit.ts";
import type { UnitManager } from "#lib/units/unit-manager.ts";
import { describeRefusal, isBusLost, type UnitRefusal } from "#lib/units/unit-refusal.ts";

export interface UnitOrder {
  readonly unit: string;
  readonly timeoutMs: number;
  /** What to do when it runs already: leave it out, or wait for the end of that run. */
  readonly whenRunning: "skip" | "wait";
  readonly partialStatuses: readonly number[];
}

export interface UnitWatch {
  readonly manager: UnitManager;
  readonly clock: Clock;
  /** Aborted when the run is to end: what was started here is stopped. */
  readonly signal: AbortSignal;
  /** Called before the unit is started, or its run is joined; nothing is started when it rejects with OpsError. */
  readonly onBegin: (isJoined: boolean) => Promise<void>;
  /** How a run ended that systemd has forgotten. */
  readonly recall: (invocationId: string) => Promise<RecalledRun | undefined>;
}

/** Nobody waits longer than that for a unit to stop; systemd itself gives a service 90 seconds (TimeoutStopSec=). */
const stopMs = 120_000;
/** When the run is to end, it has no more time than this. */
const hurriedStopMs = 40_000;
const startAttempts = 3;

/** Run a unit, or wait for the run that is under way. Never rejects for what happens to the unit. */
export async function runUnit(watch: UnitWatch, order: UnitOrder): Promise<StepResult> {
  const { manager, clock, signal } = watch;
  const { unit } = order;
  const deadlineMs = clock.monotonicMs() + order.timeoutMs;
  const unbegun = { name: unit, durationMs: 0, lastLines: [] };
  await manager.hold(unit);
  const announcedBefore = manager.announced(unit);
  const before = await lookUntilAnswered(watch, unit, deadlineMs, signal);
  if (before === undefined) {
    const message = "was not started: systemd does not answer";
    return { ...unbegun, verdict: "failed", reason: "no-answer", message };
  }
  const { act, ...refusal } = planUnitRun(before, order.whenRunning);
  if ("verdict" in refusal) return { ...unbegun, ...refusal };
  try {
    await watch.onBegin(act === "join");
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    const message = `was not started: ${describeError(error)}`;
    return { ...unbegun, verdict: "failed", reason: "not-recorded", message };
  }
  if (signal.aborted) return { ...unbegun, verdict: "stopped", reason: "stopped", message: "not started" };

  const startedAt = clock.now().toISOString();
  const job = act === "join" ? undefined : await startUnit(watch, unit, before);
  if (typeof job === "object") return { ...unbegun, verdict: "failed", ...job };
  const isJoinedRun = act === "join" && isUnderWay(before);
  const run: OwnRun = {
    isOurs: act === "start",
    job,
    // What is under way counts as begun by nothing: its InvocationID is the one to be judged.
    before: isJoinedRun ? { ...before, invocationId: "" } : before,
    announcedBefore,
    invocations: new Set(isJoinedRun ? [before.invocationId] : []),
  };
  return { ...(await finishUnit(watch, order, run, deadlineMs)), name: unit, startedAt };
}

/** What is known of the run that is followed. */
interface OwnRun extends FollowedRun {
  readonly isOurs: boolean;
  readonly job: string | undefined;
  readonly before: UnitState;
}

async function finishUnit(
  watch: UnitWatch,
  order: UnitOrder,
  run: OwnRun,
  deadlineMs: number,
): Promise<Omit<StepResult, "name">> {
  const { manager, clock } = watch;
  const { unit, timeoutMs, partialStatuses } = order;
  const beganMs = clock.monotonicMs();
  const followed = await followUnit(watch, unit, run, deadlineMs, watch.signal);
  const [invocation] = run.invocations;
  const ended = () => ({
    durationMs: clock.monotonicMs() - beganMs,
    invocationId: invocation,
    lastLines: [],
  });
  if (followed.end === "rest") {
    const state = await recallForgotten(watch, followed.state, invocation);
    const jobResult = run.job === undefined ? undefined : manager.jobResult(run.job);
    const judged = judgeUnitRun(state, { before: run.before, invocation, jobResult, partialStatuses });
    return { ...ended(), ...judged, exitStatus: state.exitStatus };
  }
  const limitMs = followed.end === "late" ? stopMs : hurriedStopMs;
  const after = run.isOurs
    ? await stopUnit(watch, unit, run, limitMs)
    : "it was not started here and runs on";
  if (followed.end === "late") {
    const message = `timed out after ${timeoutMs / 1000}s; ${after}`;
    return { ...ended(), verdict: "timeout", reason: "timeout", message };
  }
  return { ...ended(), verdict: "stopped", reason: "stopped", message: after };
}

/** A unit that ended while the bus was away is unloaded, and shows no run any more: the journal still knows it. */
async function recallForgotten(
  { recall }: UnitWatch,
  state: UnitState,
  invocation: string | undefined,
): Promise<UnitState> {
  if (invocation === undefined || state.invocationId !== "") return state;
  const recalled = await recall(invocation);
  return recalled === undefined ? state : { ...state, ...recalled, invocationId: invocation };
}

/** The job of its start, or why there is none; undefined when systemd was lost while it was asked, yet the unit runs. */
async function startUnit(
  watch: UnitWatch,
  unit: string,
  before: UnitState,
): Promise<string | undefined | UnitRefusal> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await watch.manager.start(unit);
    } catch (error) {
      if (!isBusLost(error)) return describeRefusal(error);
      const deadlineMs = watch.clock.monotonicMs() + stopMs;
      const state = await lookUntilAnswered(watch, unit, deadlineMs, watch.signal);
      if (state === undefined) {
        return { reason: "no-answer", message: "may run now: systemd did not answer when it was started" };
      }
      if (isUnitBusy(state) || state.invocationId !== before.invocationId) return undefined;
      if (attempt === startAttempts) {
        return { reason: "no-answer", message: "was not started: systemd did not answer" };
      }
    }
  }
}

/** Stop what was started here; resolves to what came of it, in words. */
async function stopUnit(watch: UnitWatch, unit: string, run: OwnRun, limitMs: number): Promise<string> {
  const deadlineMs = watch.clock.monotonicMs() + limitMs;
  const state = await lookUntilAnswered(watch, unit, deadlineMs);
  if (state === undefined) return "systemd does not answer: it may still run";
  if (!isUnitBusy(state)) return "it ended by itself";
  // A job alone says little: a restart by somebody else goes on under the number of the start that it replaces.
  const isQueued = state.job === run.job && state.invocationId === run.before.invocationId;
  if (!isQueued && !run.invocations.has(state.invocationId))
    return "somebody else started it again, and it runs on";
  try {
    await watch.manager.stop(unit);
  } catch (error) {
    return isBusLost(error) ? "systemd does not answer: it may still run" : describeRefusal(error).message;
  }
  const never = new AbortController().signal;
  const followed = await followUnit(watch, unit, { ...run, invocations: new Set() }, deadlineMs, never);
  return followed.end === "rest"
    ? "stopped"
    : `told to stop, and still stopping after ${formatDuration(limitMs)}`;
}
