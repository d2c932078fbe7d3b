/** One source written to every destination, and what that is worth. */
import { type WrittenArchive, type WrittenCopy, writeArchive } from "#lib/archive/write-archive.ts";
import type { SetCopy } from "#lib/backup/destinations.ts";
import type { Settings } from "#lib/config/schema.ts";
import { type Compressor, chooseCompressor } from "#lib/core/compression.ts";
import type { Component } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { PartReport } from "#lib/core/report.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { formatBytes } from "#lib/core/size.ts";
import type { NameList } from "#lib/core/tar-status.ts";
import type { Source } from "#lib/sources/source.ts";

export interface WrittenSource {
  readonly component: Component;
  readonly part: PartReport;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly copies: readonly WrittenCopy[];
}

/** Throws OpsError "failed" when there is no usable archive: the source cannot be read, is too small, or there is no room. */
export async function writeSource(
  context: RunContext<Settings>,
  source: Source,
  copies: readonly SetCopy[],
  expectedBytes: number | undefined,
): Promise<WrittenSource> {
  const { deps, settings, progress } = context;
  const [first, ...others] = copies.map((copy) => copy.directory);
  if (first === undefined)
    throw new OpsError("Cannot write anywhere: no destination is left", { outcome: "failed" });
  const compressor = await findCompressor(context);
  const startedMs = deps.clock.monotonicMs();
  progress.begin(source.name, expectedBytes);
  const archive = await writeArchive({
    producer: source.producer,
    reader: source.createReader(),
    compressor,
    fileName: source.fileStem + compressor.extension,
    directories: [first, ...others],
    isListed: settings.VERIFY,
    stallMs: settings.STALL_TIMEOUT,
    env: context.childEnvironment,
    clock: deps.clock,
    signal: context.signal,
    onBytes: progress.update,
  }).finally(progress.end);
  const seconds = (deps.clock.monotonicMs() - startedMs) / 1000;
  checkWorth(source, archive);
  return describeArchive(context, source, compressor, archive, seconds);
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

/** A small archive of a source that used to be large is the sign of an unmounted disk or a wrong path. */
function checkWorth(source: Source, archive: WrittenArchive): void {
  const bytes = archive.status.bytesWritten;
  if (bytes !== undefined && bytes < source.minBytes) {
    throw new OpsError(
      `Cannot trust the ${source.name}: ${formatBytes(bytes)} read, ${formatBytes(source.minBytes)} required`,
      { outcome: "failed", hint: "Is everything mounted? Otherwise lower APP_MIN_MB" },
    );
  }
  const problem = archive.listing?.problem;
  if (problem !== undefined) {
    throw new OpsError(`Cannot read back the ${source.name}: ${problem}`, {
      outcome: "failed",
      hint: "The archive was damaged while it was written: check memory and disk",
    });
  }
}

function describeArchive(
  context: RunContext<Settings>,
  source: Source,
  compressor: Compressor,
  archive: WrittenArchive,
  seconds: number,
): WrittenSource {
  const { status } = archive;
  const bytesIn = status.bytesWritten ?? 0;
  const outcome = status.outcome === "complete" ? "complete" : "partial";
  const entries = archive.listing?.entries;
  const counted = entries === undefined ? "" : ` in ${entries} entries`;
  const message = `${formatBytes(bytesIn)}${counted}, ${formatBytes(archive.bytes)} written in ${seconds.toFixed(1)} s`;
  context.log.info("archive.written", `${source.name}: ${message}`);
  const problems = describeNames(status.unreadable, "could not be read and are missing in the archive");
  const notes = [
    ...describeNames(status.changed, "changed while they were read"),
    ...describeNames(status.vanished, "vanished before they were read"),
    ...describeNames(status.leftOut, "were left out (other file systems, sockets)"),
  ];
  for (const problem of problems) context.log.warning("source.incomplete", problem);
  for (const note of notes) context.log.info("source.note", note);
  return {
    component: {
      name: source.name,
      source: source.name,
      file: source.fileStem + compressor.extension,
      format: compressor.format === undefined ? "tar" : `tar+${compressor.format}`,
      bytesIn,
      bytesOut: archive.bytes,
      ...(entries === undefined ? {} : { entries }),
      sha256: archive.sha256,
      outcome,
      changed: status.changed,
      vanished: status.vanished,
      unreadable: status.unreadable,
      leftOut: status.leftOut,
      durationSeconds: Math.round(seconds * 1000) / 1000,
    },
    part: { kind: "source", name: source.name, outcome, message, bytesIn, bytesOut: archive.bytes, entries },
    problems,
    notes,
    copies: archive.copies,
  };
}

const namesShown = 5;

function describeNames(list: NameList, what: string): string[] {
  if (list.count === 0) return [];
  const shown = list.names.slice(0, namesShown).join(", ");
  const rest = list.count - Math.min(list.count, namesShown);
  return [
    `${list.count} ${list.count === 1 ? "file" : "files"} ${what}: ${shown}${rest > 0 ? ` and ${rest} more` : ""}`,
  ];
}
