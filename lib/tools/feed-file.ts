/** A local file fed to a program's standard input, as fast as it takes it or as slowly as it should be. */
import { open } from "node:fs/promises";
import type { Clock } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { startChildSink } from "#lib/tools/child-sink.ts";

const chunkBytes = 256 * 1024;

export interface FeedRequest {
  readonly localPath: string;
  /** Where to begin. */
  readonly offset: number;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Given up when the program takes nothing, or does not end, for so long. */
  readonly stallMs: number;
  /** Undefined: as fast as it goes. */
  readonly bytesPerSecond: number | undefined;
  /** Bytes taken since this call began. */
  readonly onBytes: (bytes: number) => void;
}

export interface FeedEnd {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Rejects with OpsError "failed" when it stalls, and with the signal's reason when that is aborted; the program is ended first. */
export async function feedFile(request: FeedRequest): Promise<FeedEnd> {
  const { command, env, stallMs, signal, clock } = request;
  signal.throwIfAborted();
  let stdout = "";
  const onStdout = (chunk: Buffer) => {
    stdout = (stdout + chunk.toString("utf8")).slice(-4096);
  };
  const sink = startChildSink({ command, env, onStdout });
  const within = async <Value>(promise: Promise<Value>): Promise<Value> => {
    const done = new AbortController();
    const stall = clock.sleep(stallMs, AbortSignal.any([signal, done.signal])).then(() => {
      throw new OpsError(`${command[0]} took nothing for ${stallMs / 1000} s`, {
        outcome: "failed",
        hint: "Look at the connection, or at the mount",
      });
    });
    try {
      return await Promise.race([promise, stall]);
    } finally {
      done.abort();
      stall.catch(() => undefined);
    }
  };
  try {
    await pour(request, (chunk) => within(sink.write(chunk)));
    const end = await within(sink.finish());
    return { ...end, stdout };
  } catch (error) {
    await sink.kill();
    signal.throwIfAborted();
    throw error;
  }
}

/** Chunk after chunk until the end, or until the program takes no more: its end says why. */
async function pour(
  { localPath, offset, bytesPerSecond, clock, signal, onBytes }: FeedRequest,
  write: (chunk: Uint8Array) => Promise<boolean>,
): Promise<void> {
  await using file = await open(localPath, "r");
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  const startedMs = clock.monotonicMs();
  for (let sent = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, offset + sent);
    if (bytesRead === 0) return;
    if (!(await write(buffer.subarray(0, bytesRead)))) return;
    sent += bytesRead;
    onBytes(sent);
    if (bytesPerSecond === undefined) continue;
    const aheadMs = (sent / bytesPerSecond) * 1000 - (clock.monotonicMs() - startedMs);
    if (aheadMs > 0) await clock.sleep(aheadMs, signal);
  }
}
