/** A clock that stands still until everything else has, then jumps to the next sleeper. */
import type { Clock } from "#lib/core/deps.ts";

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

export interface VirtualClock extends Clock {
  /** Wait for a promise of something that happens in this process, letting time pass whenever it does not move on. */
  readonly run: <Value>(promise: Promise<Value>) => Promise<Value>;
}

export function createVirtualClock(start = new Date("2026-11-21T03:00:00Z")): VirtualClock {
  const sleepers = new Set<Sleeper>();
  let nowMs = 0;

  const sleep: Clock["sleep"] = (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper = { atMs: nowMs + ms, wake: resolve };
      sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });

  const run: VirtualClock["run"] = async (promise) => {
    let isPending = true;
    const settle = () => {
      isPending = false;
    };
    promise.then(settle, settle);
    while (isPending) {
      for (let turn = 0; turn < 20 && isPending; turn += 1) await new Promise(setImmediate);
      const next = [...sleepers].sort((a, b) => a.atMs - b.atMs)[0];
      if (!isPending || next === undefined) continue;
      nowMs = Math.max(nowMs, next.atMs);
      sleepers.delete(next);
      next.wake();
    }
    return promise;
  };

  return { now: () => new Date(start.getTime() + nowMs), monotonicMs: () => nowMs, sleep, run };
}
