import { describeError } from "#lib/core/ops-error.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import type { Remote, RemoteLimits } from "#lib/stores/remote.ts";

const longestMs = 10_000;

/**
 * When the certificate of a store ends, as ISO 8601: the health check tells of that before it keeps sets away. That it
 * cannot be found out is no problem of a store that has just taken a set.
 */
export async function askCertificate(
  { log }: Pick<RunContext<unknown>, "log">,
  remote: Remote,
  { signal, timeoutMs }: RemoteLimits,
): Promise<string | undefined> {
  try {
    const until = await remote.certificateEnd?.({ signal, timeoutMs: Math.min(timeoutMs, longestMs) });
    return until?.toISOString();
  } catch (error) {
    signal.throwIfAborted();
    log.debug("store.certificate", `${remote.description}: ${describeError(error)}`);
    return undefined;
  }
}
