/** A program that is given names on its standard input, whatever bytes are in them. */
import { Buffer } from "node:buffer";
import type { Clock } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { startChildSink } from "#lib/tools/child-sink.ts";

export interface FeedAccess {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string>>;
  /** For all of it. */
  readonly stallMs: number;
}

/**
 * Run `command` with `names`, each byte of them one character, each name ended by a NUL. Throws OpsError "failed" in the program's
 * words; `action` says what it is about to do: "copy …".
 */
export async function feedNames(
  command: readonly [string, ...string[]],
  names: readonly string[],
  action: string,
  { clock, signal, env, stallMs }: FeedAccess,
): Promise<void> {
  if (names.length === 0) return;
  signal.throwIfAborted();
  const sink = startChildSink({ command, env });
  const feed = async () => {
    await sink.write(Buffer.from(names.map((name) => `${name}\0`).join(""), "latin1"));
    return sink.finish();
  };
  const done = new AbortController();
  const late = clock.sleep(stallMs, AbortSignal.any([signal, done.signal]));
  late.catch(() => undefined);
  try {
    const end = await Promise.race([feed(), late]);
    if (end?.exitCode === 0) return;
    const words = end?.stderr.split("\n").at(-1) || `it ended with ${end?.exitCode ?? "a signal"}`;
    throw new OpsError(
      `Cannot ${action}: ${end === undefined ? `no answer from the file system after ${stallMs / 1000} s` : words}`,
      { outcome: "failed", hint: "Look at its mount, and at the room on it" },
    );
  } catch (error) {
    await sink.kill();
    signal.throwIfAborted();
    throw error;
  } finally {
    done.abort();
  }
}
