/** Read a component to its end, as a restore would, and write nothing. */
import { type CompressionKind, decompressFile } from "#lib/core/decompression.ts";
import { createTarFilter } from "#lib/core/tar-filter.ts";
import { TarFormatError } from "#lib/core/tar-header.ts";
import { runStreaming } from "#lib/tools/run-streaming.ts";

export interface ReadRequest {
  readonly path: string;
  readonly compression: CompressionKind;
  readonly isTar: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** Bytes before compression so far. */
  readonly onBytes: (bytes: number) => void;
}

export interface ReadComponent {
  /** Before compression. */
  readonly bytes: number;
  /** Of archives. */
  readonly entries: number | undefined;
  /** Why it could not be restored; undefined when it could. */
  readonly problem: string | undefined;
}

/** Every member of an archive is understood, and every checksum of the compression holds. */
export async function readComponent(request: ReadRequest): Promise<ReadComponent> {
  const { path, compression, isTar, env, stallMs, signal } = request;
  let bytes = 0;
  let entries = 0;
  let problem: string | undefined;
  const judge = () => {
    entries += 1;
    return { keep: false } as const;
  };
  const filter = createTarFilter(judge, () => undefined);
  const attempt = (act: () => void) => {
    if (!isTar || problem !== undefined) return;
    try {
      act();
    } catch (error) {
      if (!(error instanceof TarFormatError)) throw error;
      problem = error.message;
    }
  };
  const end = await runStreaming({
    command: decompressFile(path, compression),
    env,
    stallMs,
    signal,
    onStdout: (chunk) => {
      bytes += chunk.length;
      attempt(() => filter.push(chunk));
      request.onBytes(bytes);
    },
  });
  if (end.isStalled) problem = `nothing came for ${stallMs / 1000} s`;
  else if (end.exitCode !== 0) problem = end.stderr || "its decompression was cut short";
  else attempt(filter.end);
  return { bytes, entries: isTar ? entries : undefined, problem };
}
