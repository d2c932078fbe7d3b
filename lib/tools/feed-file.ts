/** A local file fed to a program's standard input, as fast as it takes it or as slowly as it should be. */
import { open } from "node:fs/promises";
import type { Clock } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { type ChildSink, startChildSink } from "#lib/tools/child-sink.ts";

const chunkBytes = 256 * 1024;
/** How far a slow program may lag behind its limit of speed and still catch up. */
const catchUpMs = 1000;

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
  const { command, env, signal, onBytes } = request;
  signal.throwIfAborted();
  let stdout = "";
  const onStdout = (chunk: Buffer) => {
    stdout = (stdout + chunk.toString("utf8")).slice(-4096);
  };
  const sink = startChildSink({ command, env, onStdout });
  const watch = watchIdle(request);
  const feed = async (): Promise<FeedEnd> => {
    await pour(request, sink, (bytes) => {
      watch.move();
      onBytes(bytes);
    });
    return { ...(await sink.finish()), stdout };
  };
  try {
    // One race for all of it: a race for each chunk would leave something behind with each.
    return await Promise.race([feed(), watch.idle]);
  } catch (error) {
    await sink.kill();
    signal.throwIfAborted();
    throw error;
  } finally {
    watch.stop();
  }
}

interface IdleWatch {
  readonly move: () => void;
  /** Rejects when nothing has moved for `stallMs`, or when the signal is aborted. */
  readonly idle: Promise<never>;
  readonly stop: () => void;
}

function watchIdle({ command, clock, signal, stallMs }: FeedRequest): IdleWatch {
  const done = new AbortController();
  const until = AbortSignal.any([signal, done.signal]);
  let movedMs = clock.monotonicMs();
  const watch = async (): Promise<never> => {
    for (;;) {
      const leftMs = movedMs + stallMs - clock.monotonicMs();
      if (leftMs <= 0) break;
      await clock.sleep(leftMs, until);
    }
    throw new OpsError(`${command[0]} took nothing for ${stallMs / 1000} s`, {
      outcome: "failed",
      hint: "Look at the connection, or at the mount",
    });
  };
  const idle = watch();
  idle.catch(() => undefined);
  return {
    move: () => {
      movedMs = clock.monotonicMs();
    },
    idle,
    stop: () => done.abort(),
  };
}

/** Chunk after chunk until the end, or until the program takes no more: its end says why. */
async function pour(
  { localPath, offset, bytesPerSecond, clock, signal }: FeedRequest,
  sink: ChildSink,
  onSent: (bytes: number) => void,
): Promise<void> {
  await using file = await open(localPath, "r");
  // A slow feed goes in small chunks: a pause for a big one would look like a stall.
  const wanted = Math.floor((bytesPerSecond ?? Number.POSITIVE_INFINITY) / 4);
  const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(chunkBytes, wanted)));
  let dueMs = clock.monotonicMs();
  for (let sent = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset + sent);
    if (bytesRead === 0) return;
    if (!(await sink.write(buffer.subarray(0, bytesRead)))) return;
    sent += bytesRead;
    onSent(sent);
    if (bytesPerSecond === undefined) continue;
    const nowMs = clock.monotonicMs();
    dueMs = Math.max(dueMs, nowMs - catchUpMs) + (bytesRead / bytesPerSecond) * 1000;
    if (dueMs > nowMs) await clock.sleep(dueMs - nowMs, signal);
  }
}
