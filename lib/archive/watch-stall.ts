import type { Clock } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";

export interface StallWatch {
  /** The promise's value, or a rejection when nothing moves any more or the run is aborted. */
  readonly race: <Value>(promise: Promise<Value>) => Promise<Value>;
  readonly stop: () => void;
  /** Whether it gave up because nothing moved. */
  readonly hasStalled: () => boolean;
}

export interface StallLimits {
  readonly stallMs: number;
  readonly fileName: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Watch a counter: when it stands still for `stallMs` something waits for a file system or a program that does not
 * answer. An archive may take as long as it needs, as long as it grows.
 */
export function watchStall(limits: StallLimits, countBytes: () => number): StallWatch {
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  const stopped = new AbortController();
  let hasStalled = false;
  const onAbort = () => failure.reject(limits.signal.reason);
  if (limits.signal.aborted) onAbort();
  limits.signal.addEventListener("abort", onAbort, { once: true });
  void watch().catch(() => undefined);

  async function watch(): Promise<never> {
    for (;;) {
      const before = countBytes();
      await limits.clock.sleep(limits.stallMs, stopped.signal);
      if (countBytes() !== before) continue;
      hasStalled = true;
      failure.reject(stallError(limits));
    }
  }

  return {
    hasStalled: () => hasStalled,
    race: (promise) => Promise.race([promise, failure.promise]),
    stop: () => {
      stopped.abort();
      limits.signal.removeEventListener("abort", onAbort);
    },
  };
}

function stallError(limits: StallLimits): OpsError {
  return new OpsError(`Cannot go on with "${limits.fileName}": not a byte for ${limits.stallMs / 1000} s`, {
    outcome: "failed",
    hint: "A file system or a program does not answer: look at its mount; STALL_TIMEOUT sets the limit",
  });
}
