/**
 * One unit from start to end: looked at, held, started, followed by what systemd says of it, stopped when its time is over.
 *
 * Only a run that was started here is ever stopped. Which one that is, its job and its InvocationID say: somebody else may
 * start the same unit again a moment later.
 */
import type { Clock } from "#lib/core/deps.ts";
import { formatDuration } from "#lib/core/duration.ts";
import type { StepResult } from "#lib/core/step-result.ts";
import type { RecalledRun } from "#lib/core/unit-journal.ts";
import {
  describeUnstartable,
  isRemaining,
  isUnitBusy,
  judgeUnitRun,
  type UnitState,
} from "#lib/core/unit-state.ts";
import { followUnit, lookUntilAnswered } from "#lib/units/follow-unit.ts";
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
  /** Called before the unit is started, or its run is joined. */
  readonly onBegin: (isJoined: boolean) => Promise<void>;
  /** How a run ended that systemd has forgotten. */
  readonly recall: (invocationId: string) => Promise<RecalledRun | undefined>;
}

/** Nobody waits longer than that for a unit to stop; systemd itself gives a service 90 seconds (TimeoutStopSec=). */
const stopMs = 120_000;
/** When the run is to end, it has no more time than this. */
const hurriedStopMs = 45_000;
const startAttempts = 3;

/** Run a unit, or wait for the run that is under way. Never rejects for what happens to the unit. */
export async function runUnit(watch: UnitWatch, order: UnitOrder): Promise<StepResult> {
  const { manager, clock } = watch;
  const { unit } = order;
  const beganMs = clock.monotonicMs();
  const startedAt = clock.now().toISOString();
  const unbegun = { name: unit, durationMs: 0, lastLines: [] };
  await manager.hold(unit);
  const announcedBefore = manager.announced(unit);
  const before = await lookUntilAnswered(watch, unit, beganMs + order.timeoutMs);
  if (before === undefined) {
    return { ...unbegun, verdict: "failed", reason: "no-answer", message: "systemd does not answer" };
  }
  const unstartable = describeUnstartable(before);
  if (unstartable !== undefined) {
    const verdict = unstartable.reason === "masked" ? "skipped" : "failed";
    return { ...unbegun, verdict, ...unstartable };
  }
  if (isRemaining(before.activeState, before.subState) && before.job === undefined) {
    const message =
      "it counts as active since its last run (RemainAfterExit=yes), and cannot be started again";
    return { ...unbegun, verdict: "skipped", reason: "remains-active", message };
  }
  const isJoined = isUnitBusy(before);
  if (isJoined && order.whenRunning === "skip") {
    return { ...unbegun, verdict: "skipped", reason: "already-running", message: "already running" };
  }
  await watch.onBegin(isJoined);
  if (watch.signal.aborted)
    return { ...unbegun, verdict: "stopped", reason: "stopped", message: "not started" };

  const job = isJoined ? undefined : await startUnit(watch, unit, before);
  if (typeof job === "object") return { ...unbegun, startedAt, verdict: "failed", ...job };
  const trace = {
    job,
    before: isJoined ? { invocationId: "", conditionAt: before.conditionAt } : before,
    announcedBefore,
    invocations: new Set<string>(),
  };
  const followed = await followUnit(watch, unit, trace, beganMs + order.timeoutMs, watch.signal);
  const [invocation] = trace.invocations;
  const ended = () => ({
    name: unit,
    startedAt,
    durationMs: clock.monotonicMs() - beganMs,
    invocationId: invocation,
    lastLines: [],
  });
  if (followed.end === "rest") {
    const state = await recallForgotten(watch, followed.state, invocation);
    const judged = judgeUnitRun(state, {
      before: trace.before,
      invocation,
      jobResult: job === undefined ? undefined : manager.jobResult(job),
      partialStatuses: order.partialStatuses,
    });
    return { ...ended(), ...judged, exitStatus: state.exitStatus };
  }
  const limitMs = followed.end === "late" ? stopMs : hurriedStopMs;
  const after = isJoined
    ? "it was not started here and runs on"
    : await stopUnit(watch, unit, trace, limitMs);
  if (followed.end === "late") {
    const message = `timed out after ${order.timeoutMs / 1000}s; ${after}`;
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
      const state = await lookUntilAnswered(watch, unit, deadlineMs);
      if (state !== undefined && (isUnitBusy(state) || state.invocationId !== before.invocationId))
        return undefined;
      if (state === undefined || attempt === startAttempts) {
        return { reason: "no-answer", message: "systemd did not answer when it was to be started" };
      }
    }
  }
}

interface OwnRun {
  readonly job: string | undefined;
  readonly before: Pick<UnitState, "invocationId">;
  readonly announcedBefore: string | undefined;
  readonly invocations: ReadonlySet<string>;
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
