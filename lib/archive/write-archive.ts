/**
 * One pass over a source: read, compress, hash, copy and list at once.
 *
 * The compressor writes the first copy itself; everything else follows that file. Nothing here has a final name yet, and
 * nothing here judges the source: the status is that of the program that read it.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type CopyWriter, startCopy } from "#lib/archive/copy-archive.ts";
import { followFile } from "#lib/archive/follow-file.ts";
import { type Listing, listArchive } from "#lib/archive/list-archive.ts";
import { watchStall } from "#lib/archive/watch-stall.ts";
import type { Compressor } from "#lib/core/compression.ts";
import type { Clock } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { TarStatus, TarStderrReader } from "#lib/core/tar-status.ts";
import { type Pipeline, startArchivePipeline } from "#lib/tools/archive-pipeline.ts";

export interface ArchiveRequest {
  readonly producer: readonly [string, ...string[]];
  readonly reader: TarStderrReader;
  readonly compressor: Compressor;
  readonly fileName: string;
  /** Directory of the first copy, then of further ones. */
  readonly directories: readonly [string, ...string[]];
  /** Decompress and list what is written. */
  readonly isListed: boolean;
  /** Give up when the archive, or a copy, has not grown for this long. */
  readonly stallMs: number;
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

export interface WrittenCopy {
  readonly directory: string;
  /** Why this copy is not whole; undefined when it is. */
  readonly problem: string | undefined;
}

export interface WrittenArchive {
  readonly status: TarStatus;
  readonly bytes: number;
  readonly sha256: string;
  /** Undefined when it was not asked for. */
  readonly listing: Listing | undefined;
  /** Further copies, in the order of `directories` without the first. */
  readonly copies: readonly WrittenCopy[];
}

/** Throws OpsError "failed" when no usable archive came to be; the caller removes what was written. */
export async function writeArchive(request: ArchiveRequest): Promise<WrittenArchive> {
  const path = join(request.directories[0], request.fileName);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  const pipeline = startArchivePipeline({
    producer: request.producer,
    compressor: request.compressor.compress,
    outputFd: file.fd,
    env: request.env,
    onProducerLine: request.reader.readLine,
  });
  const copies = request.directories
    .slice(1)
    .map((directory) => ({ directory, writer: startCopy(join(directory, request.fileName), request.env) }));
  const endAll = () => Promise.all([pipeline.kill(), ...copies.map(({ writer }) => writer.kill())]);
  try {
    const written = await follow(request, path, file, pipeline, copies);
    await file.close();
    return written;
  } catch (error) {
    await endAll();
    // Not awaited: a file system that does not answer would never let go of the file.
    void file.close().catch(() => undefined);
    throw error;
  }
}

type PendingCopy = { readonly directory: string; readonly writer: CopyWriter };

async function follow(
  request: ArchiveRequest,
  path: string,
  file: FileHandle,
  pipeline: Pipeline,
  pending: readonly PendingCopy[],
): Promise<WrittenArchive> {
  let isDone = false;
  const status = pipeline.ended.then((end) => {
    isDone = true;
    return judgePipeline(end, request);
  });
  const hash = createHash("sha256");
  const isWriterDone = () => isDone;
  let hashed = 0;
  const watch = watchStall(request, () => hashed);
  const hashing = followFile({
    file,
    isWriterDone,
    clock: request.clock,
    onChunk: (chunk) => {
      hash.update(chunk);
      hashed += chunk.length;
      request.onBytes(hashed);
      return true;
    },
  });
  const copying = pending.map((copy) => followCopy(request, file, isWriterDone, copy));
  try {
    const tarStatus = await watch.race(status);
    // The listing needs a core and no disk, the syncs a disk and no core: they go well together.
    const { stallMs, signal, env } = request;
    const { decompress } = request.compressor;
    const listing = request.isListed ? listArchive({ path, decompress, env, stallMs, signal }) : undefined;
    const bytes = await watch.race(hashing);
    watch.stop();
    const [listed, copies] = await Promise.all([listing, Promise.all(copying), syncWithin(request, file)]);
    return { status: tarStatus, bytes, sha256: hash.digest("hex"), listing: listed, copies };
  } finally {
    isDone = true;
    watch.stop();
    void Promise.allSettled([hashing, ...copying]);
  }
}

/** The first copy on its medium, or an error when the file system does not get there. */
async function syncWithin(request: ArchiveRequest, file: FileHandle): Promise<void> {
  const watch = watchStall(request, () => 0);
  try {
    await watch.race(file.sync());
  } finally {
    watch.stop();
  }
}

/** A copy that stops taking bytes is ended and named; it never holds up the others. */
async function followCopy(
  request: ArchiveRequest,
  file: FileHandle,
  isWriterDone: () => boolean,
  { directory, writer }: PendingCopy,
): Promise<WrittenCopy> {
  let written = 0;
  const watch = watchStall(request, () => written);
  const onChunk = async (chunk: Uint8Array) => {
    const isTaken = await writer.write(chunk);
    written += chunk.length;
    return isTaken;
  };
  try {
    const copied = followFile({ file, isWriterDone, clock: request.clock, onChunk }).then(writer.finish);
    return { directory, problem: await watch.race(copied) };
  } catch (error) {
    await writer.kill();
    request.signal.throwIfAborted();
    return { directory, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    watch.stop();
  }
}

/** The source's status, or the reason why there is no archive: every stage is judged, the compressor first. */
function judgePipeline(end: Awaited<Pipeline["ended"]>, request: ArchiveRequest): TarStatus {
  const compressor = request.compressor.compress?.[0] ?? "cat";
  if (end.compressorExit !== 0) {
    // Of a program that was killed, the shell's word on stderr says less than its exit.
    const isKilled = end.compressorExit === null || end.compressorExit > 128;
    const lastLine = isKilled ? "" : end.compressorStderr.split("\n").at(-1);
    const words = lastLine?.replace(`${compressor}: `, "") || describeExit(end.compressorExit);
    throw new OpsError(`Cannot write "${request.fileName}": ${compressor}: ${words}`, {
      outcome: "failed",
      hint: words.includes("No space left") ? "Free space in the destination, or keep fewer sets" : undefined,
    });
  }
  const status = request.reader.classifyTarExit(end.producerExit);
  if (status.outcome !== "failed") return status;
  const words = status.problems[0] ?? describeExit(end.producerExit);
  throw new OpsError(`Cannot read the source of "${request.fileName}": ${request.producer[0]}: ${words}`, {
    outcome: "failed",
    problems: status.problems,
  });
}

function describeExit(exitCode: number | null): string {
  if (exitCode === null) return "killed";
  return exitCode > 128 ? `killed by signal ${exitCode - 128}` : `ended with exit code ${exitCode}`;
}
