import { type HeldLock, takeLock } from "#lib/tools/flock.ts";

/**
 * Take a free lock, and hold it no longer than its scope lasts. Left open by a test that fails in between, its file would be
 * closed by Bun's garbage collector, and Bun makes that an error of whatever test runs by then.
 */
export async function holdLock(path: string): Promise<HeldLock & AsyncDisposable> {
  const result = await takeLock(path, 0);
  if (!result.held) throw new Error(`Somebody else holds "${path}": ${result.holder}`);
  return { ...result.lock, [Symbol.asyncDispose]: result.lock.release };
}
