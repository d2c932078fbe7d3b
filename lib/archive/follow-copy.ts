/** One further copy of an archive while the first is still being written. */
import type { FileHandle } from "node:fs/promises";
import type { CopyWriter } from "#lib/archive/copy-archive.ts";
import { followFile } from "#lib/archive/follow-file.ts";
import type { WrittenCopy } from "#lib/archive/verify-copies.ts";
import { type StallLimits, watchStall } from "#lib/archive/watch-stall.ts";
import { describeError } from "#lib/core/ops-error.ts";

export interface PendingCopy {
  readonly directory: string;
  readonly writer: CopyWriter;
}

/** A copy that stops taking bytes is ended and named; it never holds up the others. Rejects when the run is aborted. */
export async function followCopy(
  limits: StallLimits,
  file: FileHandle,
  isWriterDone: () => boolean,
  { directory, writer }: PendingCopy,
): Promise<WrittenCopy> {
  let written = 0;
  const watch = watchStall(limits, () => written);
  const onChunk = async (chunk: Uint8Array) => {
    const isTaken = await writer.write(chunk);
    written += chunk.length;
    return isTaken;
  };
  try {
    const copied = followFile({ file, isWriterDone, clock: limits.clock, onChunk }).then(writer.finish);
    return { directory, problem: await watch.race(copied) };
  } catch (error) {
    await writer.kill();
    limits.signal.throwIfAborted();
    return { directory, problem: describeError(error) };
  } finally {
    watch.stop();
  }
}
