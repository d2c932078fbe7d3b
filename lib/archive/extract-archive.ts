/**
 * A tar archive into a new directory, whoever made it.
 *
 * Every member is judged on its way to tar (`core/tar-filter.ts`), which writes into a directory that nobody else knows; it
 * gets its final name, or goes, when all of it has been judged.
 */
import { Buffer } from "node:buffer";
import { type CompressionKind, decompressFile } from "#lib/core/decompression.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { formatBytes } from "#lib/core/size.ts";
import { createTarFilter } from "#lib/core/tar-filter.ts";
import { TarFormatError } from "#lib/core/tar-header.ts";
import { createTarJudge, type JudgedMembers, type JudgeRequest } from "#lib/core/tar-judge.ts";
import { type PipeEnd, pipeThrough } from "#lib/tools/pipe-through.ts";

export interface ExtractRequest extends JudgeRequest {
  readonly archive: string;
  readonly compression: CompressionKind;
  /** New and empty. */
  readonly directory: string;
  /** Bytes of the uncompressed archive; more than this is a bomb. */
  readonly maxBytes: number;
  /** Give files to their owners; only root can. */
  readonly keepsOwners: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** Bytes of the uncompressed archive so far. */
  readonly onBytes: (bytes: number) => void;
}

export interface ExtractedArchive {
  readonly members: JudgedMembers;
  /** What tar could not do for single members. */
  readonly problems: readonly string[];
}

const problemsShown = 20;

/** Throws OpsError "failed" when the archive is none, is damaged, or is more than it should be; what was written is of no use then. */
export async function extractArchive(request: ExtractRequest): Promise<ExtractedArchive> {
  const { archive, maxBytes, env, stallMs, signal } = request;
  const judge = createTarJudge(request);
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const filter = createTarFilter(judge.judge, (part) => parts.push(part));
  const pass = (chunk: Uint8Array): Uint8Array => {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new TarFormatError(`it has more than the ${formatBytes(maxBytes)} that it should have`);
    }
    parts = [];
    filter.push(chunk);
    request.onBytes(bytes);
    const [only, ...others] = parts;
    return only !== undefined && others.length === 0 ? only : Buffer.concat(parts);
  };
  try {
    const from = decompressFile(archive, request.compression);
    const end = await pipeThrough({ from, to: tarCommand(request), env, pass, stallMs, signal });
    refuseUnlessRead(end, archive, stallMs);
    filter.end();
    return { members: judge.result(), problems: tarProblems(end) };
  } catch (cause) {
    if (!(cause instanceof TarFormatError)) throw cause;
    throw new OpsError(`Cannot extract "${archive}"`, {
      outcome: "failed",
      hint: "It is damaged, or made by somebody who meant harm: take another set",
      cause,
    });
  }
}

/**
 * Links that could lead anywhere are made last (GNU tar does so by itself), directories get their modes last, and names are
 * taken as they come, since the filter has judged them.
 */
function tarCommand({ directory, isTrusted, keepsOwners }: ExtractRequest): readonly [string, ...string[]] {
  return [
    "tar",
    "--extract",
    "--file=-",
    // All that a pipe holds at once: each smaller read would wake us for a part of a chunk.
    "--blocking-factor=128",
    `--directory=${directory}`,
    "--same-permissions",
    "--numeric-owner",
    keepsOwners ? "--same-owner" : "--no-same-owner",
    "--delay-directory-restore",
    "--acls",
    "--xattrs",
    // Capabilities of a program are what a set-user-id bit is.
    ...(isTrusted ? ["--xattrs-include=*"] : ["--xattrs-include=user.*", "--xattrs-exclude=security.*"]),
    "--warning=no-timestamp",
    "--quoting-style=escape",
  ];
}

function refuseUnlessRead(end: PipeEnd, archive: string, stallMs: number): void {
  const refuse = (reason: string, hint: string) =>
    new OpsError(`Cannot extract "${archive}": ${reason}`, { outcome: "failed", hint });
  if (end.isStalled) throw refuse(`nothing has moved for ${stallMs / 1000} s`, "Look at its mount");
  // Of a long stderr the end is kept, which begins within a line. Of a write that the disk takes a part of, nothing says why.
  const full = end.toStderr
    .split("\n")
    .find((line) => /No space left on device|Disk quota exceeded|Wrote only \d+ of \d+ bytes/.test(line));
  if (full !== undefined) throw refuse(full, "Free space there, or give another --to");
  if (end.toExit === null) throw refuse(end.toStderr || "tar was killed", "Look for the OOM killer");
  if (end.fromExit === 0) return;
  // A tar that gives up takes its reader with it.
  const isCut = end.fromExit === null || end.fromExit > 128 || end.fromStderr.includes("Broken pipe");
  if (isCut && end.toExit !== 0) throw refuse(end.toStderr, "Look at the directory");
  throw refuse(end.fromStderr || "its decompression failed", "It is damaged: take another set");
}

/** tar goes on after a member that it cannot write. */
function tarProblems({ toExit, toStderr }: PipeEnd): string[] {
  if (toExit === 0) return [];
  const lines = toStderr
    .split("\n")
    .filter((line) => line !== "" && !line.includes("Exiting with failure status due to previous errors"));
  return lines.length === 0 ? [`tar ended with exit code ${toExit}`] : lines.slice(0, problemsShown);
}
