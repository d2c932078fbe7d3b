/** A dump, decompressed into the program that loads it. */
import { type CompressionKind, decompressFile } from "#lib/core/decompression.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { pipeThrough } from "#lib/tools/pipe-through.ts";

/** The program that loads it, and what is known of its words. */
export interface DumpLoader {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly inspect: (chunk: Uint8Array) => string | undefined;
  /** What goes on instead of a part of the dump. */
  readonly rewrite?: ((chunk: Uint8Array) => Uint8Array) | undefined;
  readonly judge: (
    exitCode: number | null,
    stderr: string,
  ) => {
    readonly outcome: "complete" | "partial" | "failed";
    readonly problems: readonly string[];
    readonly hint?: string | undefined;
  };
}

export interface LoadRequest {
  readonly archive: string;
  readonly compression: CompressionKind;
  readonly loader: DumpLoader;
  /** Of the database, for errors. */
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stallMs: number;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** Resolves to what it lacks. Throws OpsError "failed" when it is of no use. */
export async function loadDump(request: LoadRequest): Promise<{ readonly problems: readonly string[] }> {
  const { archive, compression, loader, name, env, stallMs, signal } = request;
  const refuse = (reason: string, hint?: string) =>
    new OpsError(`Cannot load the dump into "${name}": ${reason}`, { outcome: "failed", hint });
  let bytes = 0;
  const end = await pipeThrough({
    from: decompressFile(archive, compression),
    to: loader.command,
    env,
    toEnv: loader.env,
    stallMs,
    signal,
    pass: (chunk) => {
      const stray = loader.inspect(chunk);
      if (stray !== undefined)
        throw refuse(stray, "Restore it into a file (without --database), and look at it");
      bytes += chunk.length;
      request.onBytes(bytes);
      return loader.rewrite?.(chunk) ?? chunk;
    },
  });
  if (end.isStalled)
    throw refuse(`nothing has moved for ${stallMs / 1000} s`, "Look at the server, and at its disk");
  const judged = loader.judge(end.toExit, end.toStderr);
  if (judged.outcome === "failed") throw refuse(judged.problems.join("; "), judged.hint);
  if (end.fromExit !== 0)
    throw refuse(end.fromStderr || "its decompression failed", "It is damaged: take another set");
  return { problems: judged.hint === undefined ? judged.problems : [...judged.problems, judged.hint] };
}
