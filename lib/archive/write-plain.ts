/** A component, decompressed into a new file. */
import { type CompressionKind, decompressFile } from "#lib/core/decompression.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { pipeThrough } from "#lib/tools/pipe-through.ts";
import { writeCommand } from "#lib/tools/write-command.ts";

export interface PlainRequest {
  readonly archive: string;
  readonly compression: CompressionKind;
  /** Must not exist. */
  readonly path: string;
  readonly maxBytes: number;
  readonly env: Readonly<Record<string, string>>;
  readonly stallMs: number;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** Throws OpsError "failed"; what was written is of no use then. */
export async function writePlain(request: PlainRequest): Promise<void> {
  const { archive, compression, path, maxBytes, env, stallMs, signal } = request;
  const refuse = (reason: string) => new OpsError(`Cannot write "${path}": ${reason}`, { outcome: "failed" });
  let bytes = 0;
  const end = await pipeThrough({
    from: decompressFile(archive, compression),
    to: ["sh", "-c", 'umask 077; exec "$@"', "sh", ...writeCommand(path)],
    env,
    stallMs,
    signal,
    pass: (chunk) => {
      bytes += chunk.length;
      if (bytes > maxBytes) throw refuse(`it has more than the ${maxBytes} bytes that it should have`);
      request.onBytes(bytes);
      return chunk;
    },
  });
  if (end.isStalled) throw refuse(`nothing has moved for ${stallMs / 1000} s`);
  if (end.toExit !== 0) throw refuse(end.toStderr.split("\n")[0] || "dd was killed");
  if (end.fromExit !== 0) throw refuse(end.fromStderr || "its decompression failed");
}
