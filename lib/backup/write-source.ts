/** One source written to every destination, and what that is worth. */
import { join } from "node:path";
import type { WrittenCopy } from "#lib/archive/verify-copies.ts";
import { findHasher } from "#lib/archive/verify-file.ts";
import { type UselessArchive, type WrittenArchive, writeArchive } from "#lib/archive/write-archive.ts";
import { type DescribedComponent, describeComponent } from "#lib/backup/describe-component.ts";
import type { SetCopy } from "#lib/backup/destinations.ts";
import type { Settings } from "#lib/config/schema.ts";
import { type Compressor, chooseCompressor } from "#lib/core/compression.ts";
import type { Manifest, MissingComponent } from "#lib/core/manifest.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { PartReport } from "#lib/core/report.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { type ComponentHistory, historyOf } from "#lib/core/size-history.ts";
import { type OpenAccess, openAccess } from "#lib/sources/open-access.ts";
import type { OpenSource, ReleasedSource, Source } from "#lib/sources/source.ts";
import { removePartialFile } from "#lib/stores/partial-set.ts";

export interface WrittenSource extends DescribedComponent {
  readonly copies: readonly WrittenCopy[];
  /** How the copies were read back; undefined when they were not. */
  readonly readBack: "medium" | "cache" | undefined;
}

/** What is still to be heard of a source that was let go of. */
interface Settling {
  readonly settled: Promise<ReleasedSource> | undefined;
}

/** A source that gave nothing to the set. */
export interface FailedSource {
  readonly component: undefined;
  readonly missing: MissingComponent;
  readonly hint: string | undefined;
  readonly part: PartReport;
  readonly problems: readonly string[];
}

/** Throws OpsError "failed" when a destination cannot be written; a source that cannot be read is a value. */
export async function writeSource(
  context: RunContext<Settings>,
  source: Source,
  copies: readonly SetCopy[],
  earlier: readonly Manifest[],
): Promise<(WrittenSource | FailedSource) & Settling> {
  const [first, ...others] = copies.map((copy) => copy.directory);
  if (first === undefined)
    throw new OpsError("Cannot write anywhere: no destination is left", { outcome: "failed" });
  const history = historyOf(source.name, earlier);
  // Found before the source is opened: a stack may be stopped from then on.
  const tools = await findTools(context);
  const opened = openAccess({
    ...context.deps,
    ...context,
    sourceName: source.name,
    timeoutMs: context.settings.FS_TIMEOUT,
    privateRoot: join(context.settings.RUNTIME_DIR, context.runId),
    stallMs: context.settings.STALL_TIMEOUT,
    setDirectory: first,
    earlierFacts: history.facts,
  });
  let open: OpenSource | undefined;
  try {
    try {
      open = await source.open(opened.access);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof OpsError)) throw error;
      const words = [describeError(error), ...error.problems];
      return { ...failSource(context, source, words, error.hint), settled: undefined };
    }
    const written = await writeOpened(context, source, open, tools, [first, ...others], history);
    return { ...written, settled: (await open.release?.())?.settled };
  } catch (error) {
    await (await open?.release?.())?.settled;
    throw error;
  } finally {
    await closeAccess(context, opened);
  }
}

interface Tools {
  readonly compressor: Compressor;
  readonly hasher: readonly string[] | undefined;
}

async function findTools(context: RunContext<Settings>): Promise<Tools> {
  const { deps, settings, signal } = context;
  return {
    compressor: await findCompressor(context),
    hasher: settings.VERIFY ? await findHasher(deps.exec, signal) : undefined,
  };
}

async function writeOpened(
  context: RunContext<Settings>,
  source: Source,
  open: OpenSource,
  { compressor, hasher }: Tools,
  directories: readonly [string, ...string[]],
  history: ComponentHistory,
): Promise<WrittenSource | FailedSource> {
  const { deps, settings, progress } = context;
  const fileName = source.fileStem + compressor.extension;
  const discard = async (words: readonly string[], hint: string | undefined) => {
    for (const directory of directories)
      await removePartialFile(join(directory, fileName), settings.FS_TIMEOUT);
    return failSource(context, source, words, hint);
  };
  const startedMs = deps.clock.monotonicMs();
  progress.begin(source.name, history.lastBytesOut);
  let archive: WrittenArchive | UselessArchive;
  try {
    archive = await writeArchive({
      producer: open.producer,
      producerEnv: open.env,
      reader: open.createReader(),
      compressor,
      fileName,
      directories,
      hasher,
      proof: settings.VERIFY || open.proof.isAlways ? open.proof : undefined,
      stallMs: settings.STALL_TIMEOUT,
      env: context.childEnvironment,
      clock: deps.clock,
      signal: open.giveUp === undefined ? context.signal : AbortSignal.any([context.signal, open.giveUp]),
      onBytes: progress.update,
      onRead: () => void open.release?.(),
    });
  } catch (error) {
    const isGivenUp = open.giveUp?.aborted === true && !context.signal.aborted;
    if (!isGivenUp || error !== open.giveUp?.reason || !(error instanceof OpsError)) throw error;
    return await discard([describeError(error)], error.hint);
  } finally {
    progress.end();
  }
  const seconds = (deps.clock.monotonicMs() - startedMs) / 1000;
  if (!archive.isUsable) return discard(archive.status.problems, archive.status.hint);
  const described = describeComponent({ source, open, compressor, archive, seconds, history, settings });
  if ("failed" in described) return discard(described.failed, described.hint);
  sayWritten(context, source, described);
  return { ...described, copies: archive.copies, readBack: archive.readBack };
}

function sayWritten({ log }: RunContext<Settings>, { name }: Source, written: DescribedComponent): void {
  log.info("archive.written", `${name}: ${written.part.message}`);
  for (const problem of written.problems) log.warning("source.incomplete", problem);
  for (const note of written.notes) log.info("source.note", note);
}

function failSource(
  context: RunContext<Settings>,
  source: Source,
  words: readonly string[],
  hint: string | undefined,
): FailedSource {
  const [first = "it gave nothing", ...others] = new Set(words);
  const message = first.startsWith("Cannot ") ? first : `Cannot back up the ${source.name}: ${first}`;
  context.log.error("source.failed", hint === undefined ? message : `${message}. ${hint}`);
  return {
    component: undefined,
    missing: { name: source.name, source: source.kind, problem: message },
    hint,
    part: { kind: "source", name: source.name, outcome: "failed", message },
    problems: [message, ...others],
  };
}

async function closeAccess(context: RunContext<Settings>, opened: OpenAccess): Promise<void> {
  try {
    await opened.close();
  } catch (error) {
    context.log.warning("source.left", describeError(error));
  }
}

async function findCompressor({ deps, settings, signal }: RunContext<Settings>): Promise<Compressor> {
  const { COMPRESSION, COMPRESSION_LEVEL, COMPRESSION_THREADS } = settings;
  const isPigzWorthAsking = COMPRESSION === "gzip" && COMPRESSION_THREADS !== 1;
  const hasPigz =
    isPigzWorthAsking &&
    (await deps.exec(["pigz", "--version"], { timeoutMs: 10_000, signal })).exitCode === 0;
  return chooseCompressor(
    { method: COMPRESSION, level: COMPRESSION_LEVEL, threads: COMPRESSION_THREADS },
    hasPigz,
  );
}
