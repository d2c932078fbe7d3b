import type { Clock } from "#lib/core/deps.ts";
import { isUnitBusy, type UnitState } from "#lib/core/unit-state.ts";
import type { UnitManager } from "#lib/units/unit-manager.ts";
import { isBusLost } from "#lib/units/unit-refusal.ts";

export interface Follower {
  readonly manager: UnitManager;
  readonly clock: Clock;
}

/** What is known of the run that is followed; new InvocationIDs of it are added. */
export interface FollowedRun {
  readonly before: Pick<UnitState, "invocationId">;
  /** What was announced of the unit before it was started. */
  readonly announcedBefore: string | undefined;
  readonly invocations: Set<string>;
}

export type Followed =
  | { readonly end: "rest"; readonly state: UnitState }
  | { readonly end: "late" | "aborted" };

/** Nothing is expected to be missed; should it be, it is for no longer than that. */
const safetyMs = 30_000;
/** Between two tries to reach a bus that has gone. */
const retryMs = 1000;
/** A systemd that hangs takes no longer of the time in which a run that is to end must say what it leaves behind. */
const lookMs = 10_000;

/** Wait until a unit is at rest: by events, each verified by a look. */
export async function followUnit(
  follower: Follower,
  unit: string,
  run: FollowedRun,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Followed> {
  const { manager, clock } = follower;
  for (;;) {
    const count = manager.changeCount(unit);
    const state = await tryLook(follower, unit, lookMs);
    if (state !== undefined) {
      const announced = manager.announced(unit);
      if (announced !== run.announcedBefore) noteInvocation({ ...state, invocationId: announced ?? "" }, run);
      noteInvocation(state, run);
      if (!isUnitBusy(state)) return { end: "rest", state };
    }
    if (signal.aborted) return { end: "aborted" };
    const leftMs = deadlineMs - clock.monotonicMs();
    if (leftMs <= 0) return { end: "late" };
    await (state === undefined
      ? clock.sleep(Math.min(retryMs, leftMs), signal).catch(() => undefined)
      : manager.untilChange(unit, count, Math.min(safetyMs, leftMs), signal));
  }
}

/** A start by Restart= belongs to the same run; one that resets the count of restarts is somebody else's. */
function noteInvocation({ invocationId, restarts }: UnitState, run: FollowedRun): void {
  if (invocationId === "" || invocationId === run.before.invocationId) return;
  if (run.invocations.size === 0 || restarts > 0) run.invocations.add(invocationId);
}

/** How the unit is, asked until there is an answer; undefined when there is none in time, or before the abort. */
export async function lookUntilAnswered(
  follower: Follower,
  unit: string,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<UnitState | undefined> {
  const { clock } = follower;
  for (;;) {
    const state = await tryLook(follower, unit, Math.min(lookMs, deadlineMs - clock.monotonicMs()));
    const isOver = clock.monotonicMs() >= deadlineMs || signal?.aborted === true;
    if (state !== undefined || isOver) return state;
    await clock.sleep(retryMs, signal).catch(() => undefined);
  }
}

/** Undefined when systemd does not answer in time. */
async function tryLook(
  { manager, clock }: Follower,
  unit: string,
  atMostMs: number,
): Promise<UnitState | undefined> {
  const answered = new AbortController();
  const timer = clock.sleep(Math.max(0, atMostMs), answered.signal).catch(() => undefined);
  try {
    return await Promise.race([manager.look(unit), timer.then(() => undefined)]);
  } catch (error) {
    if (isBusLost(error)) return undefined;
    throw error;
  } finally {
    answered.abort();
  }
}
