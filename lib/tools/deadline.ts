import { OpsError } from "#lib/core/ops-error.ts";

/**
 * A promise of a file system, with a limit: rejects with OpsError "failed" when there is no answer after `ms`.
 *
 * The operation itself cannot be taken back; whoever gets the rejection leaves it behind.
 */
export async function withDeadline<Value>(
  promise: Promise<Value>,
  ms: number,
  action: string,
): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `Cannot ${action}: no answer from the file system after ${ms / 1000} s`;
    late.reject(new OpsError(message, { outcome: "failed", hint: "Look at its mount" }));
  }, ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
