/** One source written to every destination, and what that is worth. */
import { join } from "node:path";
import type { WrittenCopy } from "#lib/archive/verify-copies.ts";
import { findHasher } from "#lib/archive/verify-file.ts";
import { writeArchive } from "#lib/archive/write-archive.ts";
import { type DescribedComponent, describeComponent } from "#lib/backup/describe-component.ts";
import type { SetCopy } from "#lib/backup/destinations.ts";
import type { Settings } from "#lib/config/schema.ts";
import { type Compressor, chooseCompressor } from "#lib/core/compression.ts";
import type { MissingComponent } from "#lib/core/manifest.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { PartReport } from "#lib/core/report.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import type { ComponentHistory } from "#lib/core/size-history.ts";
import { type OpenAccess, openAccess } from "#lib/sources/open-access.ts";
import type { OpenSource, Source } from "#lib/sources/source.ts";
import { removePartialFile } from "#lib/stores/partial-set.ts";

export interface WrittenSource extends DescribedComponent {
  readonly copies: readonly WrittenCopy[];
  /** How the copies were read back; undefined when they were not. */
  readonly readBack: "medium" | "cache" | undefined;
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
  history: ComponentHistory,
): Promise<WrittenSource | FailedSource> {
  const [first, ...others] = copies.map((copy) => copy.directory);
  if (first === undefined)
    throw new OpsError("Cannot write anywhere: no destination is left", { outcome: "failed" });
  const opened = openAccess({
    ...context.deps,
    sourceName: source.name,
    signal: context.signal,
    log: context.log,
    journal: context.journal,
    timeoutMs: context.settings.FS_TIMEOUT,
    privateRoot: join(context.settings.RUNTIME_DIR, context.runId),
    stagingRoot: first,
  });
  try {
    let open: OpenSource;
    try {
      open = await source.open(opened.access);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof OpsError)) throw error;
      return failSource(context, source, [describeError(error), ...error.problems], error.hint);
    }
    return await writeOpened(context, source, open, [first, ...others], history);
  } finally {
    await closeAccess(context, opened);
  }
}

async function writeOpened(
  context: RunContext<Settings>,
  source: Source,
  open: OpenSource,
  directories: readonly [string, ...string[]],
  history: ComponentHistory,
): Promise<WrittenSource | FailedSource> {
  const { deps, settings, progress } = context;
  const compressor = await findCompressor(context);
  const fileName = source.fileStem + compressor.extension;
  const startedMs = deps.clock.monotonicMs();
  progress.begin(source.name, history.lastBytesOut);
  const archive = await writeArchive({
    producer: open.producer,
    producerEnv: open.env,
    reader: open.createReader(),
    compressor,
    fileName,
    directories,
    hasher: settings.VERIFY ? await findHasher(deps.exec, context.signal) : undefined,
    proof: settings.VERIFY || open.proof.isAlways ? open.proof : undefined,
    stallMs: settings.STALL_TIMEOUT,
    env: context.childEnvironment,
    clock: deps.clock,
    signal: context.signal,
    onBytes: progress.update,
  }).finally(progress.end);
  const seconds = (deps.clock.monotonicMs() - startedMs) / 1000;
  const discard = async (words: readonly string[], hint: string | undefined) => {
    for (const directory of directories)
      await removePartialFile(join(directory, fileName), settings.FS_TIMEOUT);
    return failSource(context, source, words, hint);
  };
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
