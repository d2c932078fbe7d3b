/**
 * A restored tree against the archive that it came from: every member, every byte of every file.
 *
 * The tree is archived again, in the order of the archive, and nothing of that is kept: two streams are read side by side, and
 * what tar makes of links, holes and names of any bytes is the same in both. Memory is flat, and a file of a terabyte moves
 * all the time, where a program that says its hash at the end would look as if it hung.
 */
import { Buffer } from "node:buffer";
import { type CompressionKind, decompressFile } from "#lib/core/decompression.ts";
import { type ComparedMembers, createMemberComparison } from "#lib/core/member-comparison.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { createTarDigests } from "#lib/core/tar-digests.ts";
import { TarFormatError } from "#lib/core/tar-header.ts";
import { createTarJudge } from "#lib/core/tar-judge.ts";
import { pipeThrough } from "#lib/tools/pipe-through.ts";

export interface CompareRequest {
  readonly archive: string;
  readonly compression: CompressionKind;
  /** Where all of the archive was extracted. */
  readonly directory: string;
  /** As it was extracted. */
  readonly isTrusted: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** Bytes of the uncompressed archive so far. */
  readonly onBytes: (bytes: number) => void;
}

/** Throws OpsError "failed" when one of the two cannot be read. */
export async function compareTree(request: CompareRequest): Promise<ComparedMembers> {
  const { archive, compression, directory, isTrusted, env, stallMs, signal } = request;
  const refuse = (reason: string, cause?: unknown) =>
    new OpsError(`Cannot compare "${directory}" with "${archive}": ${reason}`, { outcome: "failed", cause });
  const comparison = createMemberComparison();
  const { judge } = createTarJudge({ isTrusted, maxEntries: Number.POSITIVE_INFINITY, paths: [] });
  let names: string[] = [];
  const stored = createTarDigests((member) => {
    const verdict = judge(member);
    if (verdict.keep) names.push(`${member.name}\0`);
    return verdict;
  }, comparison.expect);
  const restored = createTarDigests(() => ({ keep: true }), comparison.find);
  let bytes = 0;
  const pass = (chunk: Uint8Array): Uint8Array => {
    names = [];
    stored.push(chunk);
    bytes += chunk.length;
    request.onBytes(bytes);
    return Buffer.from(names.join(""), "latin1");
  };
  const from = decompressFile(archive, compression);
  const to = archiveAgain(directory);
  try {
    const end = await pipeThrough({ from, to, env, pass, onOutput: restored.push, stallMs, signal });
    if (end.isStalled) throw refuse(`nothing has moved for ${stallMs / 1000} s`);
    if (end.fromExit !== 0) throw refuse(end.fromStderr || "its decompression failed");
    // What single files lack is found below; it is the end of the archive that says whether tar came to its end.
    if (end.toExit === null) throw refuse(end.toStderr || "tar was killed");
    stored.end();
    restored.end();
    return comparison.end();
  } catch (cause) {
    if (cause instanceof TarFormatError) throw refuse(cause.message, cause);
    throw cause;
  }
}

/** What it says of names, times and owners does not matter here. */
function archiveAgain(directory: string): readonly [string, ...string[]] {
  return [
    "tar",
    "--create",
    "--file=-",
    "--format=pax",
    // Chunks of 64 KiB: many small ones cost more than their bytes.
    "--blocking-factor=128",
    "--pax-option=delete=atime,delete=ctime",
    "--sparse",
    "--numeric-owner",
    `--directory=${directory}`,
    "--no-recursion",
    "--no-unquote",
    "--null",
    "--files-from=-",
  ];
}
