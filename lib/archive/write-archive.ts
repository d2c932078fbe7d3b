/**
 * One pass over a source: read, compress, hash, copy and prove at once.
 *
 * The compressor writes the first copy itself; everything else follows that file. Nothing here has a final name yet, and
 * nothing here judges the source: the status is that of the program that read it.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { startCopy } from "#lib/archive/copy-archive.ts";
import { followCopy, type PendingCopy } from "#lib/archive/follow-copy.ts";
import { followFile } from "#lib/archive/follow-file.ts";
import { judgePipeline } from "#lib/archive/judge-pipeline.ts";
import { proveArchive } from "#lib/archive/prove-archive.ts";
import { verifyCopies, type WrittenCopy } from "#lib/archive/verify-copies.ts";
import { type StallWatch, watchStall } from "#lib/archive/watch-stall.ts";
import type { Compressor } from "#lib/core/compression.ts";
import type { Clock } from "#lib/core/deps.ts";
import { describeError, isForeseen, OpsError } from "#lib/core/ops-error.ts";
import type { ProducerReader, ProducerStatus } from "#lib/core/producer-status.ts";
import type { Proof, ProofResult } from "#lib/core/proof.ts";
import { type Pipeline, startArchivePipeline } from "#lib/tools/archive-pipeline.ts";

export interface ArchiveRequest {
  readonly producer: readonly [string, ...string[]];
  /** Added to its environment. */
  readonly producerEnv?: Readonly<Record<string, string>> | undefined;
  readonly reader: ProducerReader;
  readonly compressor: Compressor;
  readonly fileName: string;
  /** Directory of the first copy, then of further ones. */
  readonly directories: readonly [string, ...string[]];
  /** Read the component to its end by whatever knows its format. */
  readonly proof: Proof | undefined;
  /** Read every copy back from its medium and compare its hash. */
  readonly hasher: readonly string[] | undefined;
  /** Give up when the archive, or a copy, has not grown for this long. */
  readonly stallMs: number;
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
  /** The producer has ended, well or not: what it read is not needed any more. */
  readonly onRead: () => void;
}

export interface WrittenArchive {
  readonly isUsable: true;
  readonly status: ProducerStatus;
  readonly bytes: number;
  readonly sha256: string;
  /** Undefined when it was not asked for. */
  readonly proven: ProofResult | undefined;
  /** In the order of `directories`. */
  readonly copies: readonly WrittenCopy[];
  /** How the copies were read back; undefined when that was not asked for. */
  readonly readBack: "medium" | "cache" | undefined;
}

/** The source gave nothing of use; what was written of it is to be removed. */
export interface UselessArchive {
  readonly isUsable: false;
  readonly status: ProducerStatus;
}

/** Throws OpsError "failed" when there is a destination that cannot be written; the caller removes what was. */
export async function writeArchive(request: ArchiveRequest): Promise<WrittenArchive | UselessArchive> {
  const path = join(request.directories[0], request.fileName);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600).catch((error: unknown) => {
    throw asForeseen(error, path);
  });
  const pipeline = startArchivePipeline({
    producer: request.producer,
    producerEnv: request.producerEnv,
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
    if (!written.isUsable) await endAll();
    await file.close();
    return written;
  } catch (error) {
    await endAll();
    // Not awaited: a file system that does not answer would never let go of the file.
    void file.close().catch(() => undefined);
    throw asForeseen(error, path);
  }
}

/** What the file system refuses (ENOSPC, EROFS, EIO) is no bug of ours. */
function asForeseen(error: unknown, path: string): unknown {
  if (error instanceof OpsError || !isForeseen(error)) return error;
  return new OpsError(`Cannot write "${path}"`, { outcome: "failed", cause: error });
}

async function follow(
  request: ArchiveRequest,
  path: string,
  file: FileHandle,
  pipeline: Pipeline,
  pending: readonly PendingCopy[],
): Promise<WrittenArchive | UselessArchive> {
  let isDone = false;
  const ended = pipeline.ended.then((end) => {
    isDone = true;
    request.onRead();
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
    // What cannot be read on the way ends it at once: a disk that fails would be read for hours, and the error be nobody's.
    const endedOrUnread = Promise.race([ended, hashing.then(() => ended)]);
    const status = await watch.race(endedOrUnread).catch((error) => blameStall(error, watch, pipeline));
    if (status.outcome === "failed") return { isUsable: false, status };
    // The proof needs a core and no disk, syncs and reading back a disk and little else: they go well together.
    const { proof, stallMs, signal, env } = request;
    const { decompress } = request.compressor;
    const proving = proof && proveArchive({ path, decompress, proof, env, stallMs, signal });
    const bytes = await watch.race(hashing);
    watch.stop();
    const sha256 = hash.digest("hex");
    const written = Promise.all([
      syncWithin(request, file).then(() => ({ directory: request.directories[0], problem: undefined })),
      ...copying,
    ]);
    const [proven, verified] = await Promise.all([
      proving,
      written.then((copies) => verifyCopies(request, sha256, copies)),
    ]);
    return { isUsable: true, status, bytes, sha256, proven, ...verified };
  } finally {
    isDone = true;
    watch.stop();
    void Promise.allSettled([ended, hashing, ...copying]);
  }
}

/**
 * Whose fault a stall is. Programs that can be killed waited for nothing that this host's file systems owe them: it is the
 * source that said nothing, a database for instance. One that cannot be killed waits for a file system that is gone.
 */
async function blameStall(error: unknown, watch: StallWatch, pipeline: Pipeline): Promise<ProducerStatus> {
  if (!watch.hasStalled() || !(await pipeline.kill())) throw error;
  return {
    outcome: "failed",
    problems: [describeError(error)],
    notes: [],
    hint: error instanceof OpsError ? error.hint : undefined,
  };
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
