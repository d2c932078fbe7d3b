/**
 * Read a file while another process writes it, to its end.
 *
 * The archive is written by the compressor itself and never waits for us: hash, second copy and listing each follow the
 * growing file at their own pace, out of the page cache.
 */
import type { FileHandle } from "node:fs/promises";
import type { Clock } from "#lib/core/deps.ts";

const chunkBytes = 1024 * 1024;
const pollMs = 5;

export interface FollowRequest {
  readonly file: FileHandle;
  /** Whether the writer has ended; asked before each read, so the last read sees everything. */
  readonly isWriterDone: () => boolean;
  /** Takes each chunk; the buffer is used again after it resolves. False ends the reading. */
  readonly onChunk: (chunk: Uint8Array) => Promise<boolean> | boolean;
  readonly clock: Clock;
}

/** Resolves to the number of bytes read. */
export async function followFile(request: FollowRequest): Promise<number> {
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  let position = 0;
  for (;;) {
    const isLastChance = request.isWriterDone();
    const { bytesRead } = await request.file.read(buffer, 0, chunkBytes, position);
    if (bytesRead > 0) {
      position += bytesRead;
      if (!(await request.onChunk(buffer.subarray(0, bytesRead)))) return position;
    } else if (isLastChance) {
      return position;
    } else {
      await request.clock.sleep(pollMs);
    }
  }
}
