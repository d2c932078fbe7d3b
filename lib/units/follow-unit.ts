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

/** Wait until a unit is at rest: by events, each verified by a look. */
export async function followUnit(
  { manager, clock }: Follower,
  unit: string,
  run: FollowedRun,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Followed> {
  for (;;) {
    const count = manager.changeCount(unit);
    const state = await tryLook(manager, unit);
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
  { manager, clock }: Follower,
  unit: string,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<UnitState | undefined> {
  for (;;) {
    const state = await tryLook(manager, unit);
    const isOver = clock.monotonicMs() >= deadlineMs || signal?.aborted === true;
    if (state !== undefined || isOver) return state;
    await clock.sleep(retryMs, signal).catch(() => undefined);
  }
}

async function tryLook(manager: UnitManager, unit: string): Promise<UnitState | undefined> {
  try {
    return await manager.look(unit);
  } catch (error) {
    if (isBusLost(error)) return undefined;
    throw error;
  }
}
