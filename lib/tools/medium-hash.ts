/**
 * Hash a file as the medium holds it.
 *
 * A read through the page cache proves the pipeline, not the disk: it returns what was just written from memory. Direct
 * I/O writes dirty pages back and reads the device. Where a file system has none (some tmpfs and FUSE), the cache is asked
 * to drop the file, and the result says that the medium may not have been asked.
 *
 * The hash is a program's as well: several copies are hashed at once on as many cores, and nothing passes through here.
 * openssl uses the processor's SHA instructions, which coreutils does not; it is four times as fast.
 */
import type { Exec } from "#lib/core/deps.ts";
import { runStreaming } from "#lib/tools/run-streaming.ts";

export interface MediumHash {
  readonly sha256: string;
  /** "cache": the medium may not have been asked. */
  readonly how: "medium" | "cache";
}

export interface MediumHashRequest {
  readonly path: string;
  readonly hasher: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Without progress for this long the read is given up. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

// dd tells its progress every second, which is the sign of life of a read of many hours.
const readAndHash =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash expands these
  'dd if="$1" iflag="$2" bs=4M status=progress | "${@:3}"; [ "${PIPESTATUS[*]}" = "0 0" ]';

/** The fastest program at hand that prints a SHA-256 of its standard input. */
export async function findHasher(exec: Exec, signal: AbortSignal): Promise<readonly string[]> {
  const { exitCode } = await exec(["openssl", "version"], { timeoutMs: 10_000, signal });
  return exitCode === 0 ? ["openssl", "dgst", "-sha256", "-r"] : ["sha256sum", "-"];
}

/** Hash the file at `path`. Rejects with an Error in dd's words when it cannot be read to its end. */
export async function hashMedium(request: MediumHashRequest): Promise<MediumHash> {
  const direct = await readWith(request, "direct,fullblock");
  if ("sha256" in direct) return { sha256: direct.sha256, how: "medium" };
  if (!direct.problem.includes("Invalid argument")) throw new Error(direct.problem);
  const cached = await readWith(request, "nocache,fullblock");
  if ("sha256" in cached) return { sha256: cached.sha256, how: "cache" };
  throw new Error(cached.problem);
}

/**
 * Hash a file as whoever else reads it now gets it: through the page cache, so that both ask the disk once. Rejects as
 * `hashMedium` does.
 */
export async function hashCached(request: MediumHashRequest): Promise<MediumHash> {
  const read = await readWith(request, "fullblock");
  if ("sha256" in read) return { sha256: read.sha256, how: "cache" };
  throw new Error(read.problem);
}

async function readWith(
  { path, hasher, ...limits }: MediumHashRequest,
  flags: string,
): Promise<{ readonly sha256: string } | { readonly problem: string }> {
  let output = "";
  const end = await runStreaming({
    command: ["/bin/bash", "--norc", "--noprofile", "-c", readAndHash, "hash", path, flags, ...hasher],
    ...limits,
    onStdout: (chunk) => {
      output += chunk.toString("latin1");
    },
  });
  if (end.isStalled) return { problem: `Cannot read "${path}": no answer for ${limits.stallMs / 1000} s` };
  const sha256 = /^[0-9a-f]{64}\b/.exec(output)?.[0];
  if (end.exitCode === 0 && sha256 !== undefined) return { sha256 };
  const words = end.stderr.split(/[\r\n]+/).filter((line) => !/^\d+ bytes|^\d+\+\d+ records/.test(line));
  return { problem: words[0] ?? `reading "${path}" ended with ${end.exitCode}` };
}
