/**
 * What must hold before a backup begins, in the order in which each question makes sense: directories, then (the lock
 * being held) mounts, content, room, a write test, programs. Every question is asked, so that one run names all that is wrong.
 */
import { dirname } from "node:path";
import { findStoresInside, type StoreInside } from "#lib/backup/check-stores.ts";
import {
  checkDestination,
  createAsker,
  type Destination,
  partialNameOf,
  setPathOf,
} from "#lib/backup/destinations.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { MissingComponent } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { Finding } from "#lib/core/report.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import { checkDirectory } from "#lib/preflight/check-directory.ts";
import { checkFreeSpace } from "#lib/preflight/check-free-space.ts";
import { checkMount } from "#lib/preflight/check-mount.ts";
import { checkOneFileSystem } from "#lib/preflight/check-one-file-system.ts";
import { checkProgram, type NeededProgram } from "#lib/preflight/check-program.ts";
import { checkWritable } from "#lib/preflight/check-writable.ts";
import type { Source } from "#lib/sources/source.ts";

export interface Preflight {
  readonly findings: readonly Finding[];
  /** Sources that can be read. */
  readonly sources: readonly Source[];
  /** Those that cannot; the run is partial. */
  readonly missing: readonly MissingComponent[];
  /** Destinations that can be used. */
  readonly usable: readonly Destination[];
  /** Why each of the others cannot; the run is partial. */
  readonly problems: readonly string[];
  /** Stores that must not be used, by their names, and why; the run is partial. */
  readonly storesInside: ReadonlyMap<string, StoreInside>;
  /** The first finding that refuses the run. */
  readonly refusal: Finding | undefined;
}

/**
 * Directories that a run needs before it can lock. Throws OpsError "failed" that names every missing one; a source that is
 * not there refuses the run only if no other is.
 */
export async function checkDirectories(
  context: RunContext<Settings>,
  sources: readonly Source[],
  required: Destination,
): Promise<void> {
  const asker = createAsker(context);
  const present = await Promise.all(sources.map((source) => source.checkExists(asker)));
  const isAnyThere = present.some(isPassed);
  const lockDirectory = dirname(context.settings.LOCK_FILE);
  const findings = [
    ...present.flat(),
    await checkDestination(context, required, sources),
    // The state directory is made by the first run that takes a lock in it.
    ...(lockDirectory === context.settings.STATE_DIR
      ? []
      : [await checkDirectory(asker, "directory of the lock", lockDirectory)]),
  ];
  for (const finding of findings) sayFinding(context, finding);
  const failed = findings.filter(
    (finding) => !finding.passed && !(isAnyThere && present.flat().includes(finding)),
  );
  const [first] = failed;
  if (first === undefined) return;
  const problems = failed.map((finding) => finding.message);
  throw new OpsError(first.message, { outcome: "failed", hint: first.hint, problems });
}

export async function runPreflight(
  context: RunContext<Settings>,
  sources: readonly Source[],
  destinations: readonly Destination[],
  lastSetBytes: number | undefined,
): Promise<Preflight> {
  const asker = createAsker(context);
  const askPrograms = createProgramsAsker(context);
  const looked = await Promise.all(
    sources.map(async (source) => ({ source, findings: await checkSource(asker, askPrograms, source) })),
  );
  const checked = await Promise.all(
    destinations.map(async (destination) => ({
      destination,
      findings: await checkOneDestination(context, sources, destination, lastSetBytes),
    })),
  );
  const storesInside = await findStoresInside(context, sources);
  const programs = await askPrograms(compressorPrograms(context.settings));
  const findings = withoutRepetition([
    ...looked.flatMap((each) => each.findings),
    ...checked.flatMap((each) => each.findings),
    ...[...storesInside.values()].map(({ finding }) => finding),
    ...programs,
  ]);
  for (const finding of findings) sayFinding(context, finding);

  const readable = looked.filter((each) => isPassed(each.findings));
  const unreadable = looked.filter((each) => !isPassed(each.findings));
  const unusable = checked.filter((each) => !isPassed(each.findings));
  const refusing = [
    ...unusable.filter((each) => each.destination.isRequired).flatMap((each) => each.findings),
    ...(readable.length === 0 ? unreadable.flatMap((each) => each.findings) : []),
    ...programs,
  ].filter((finding) => !finding.passed);
  return {
    findings,
    sources: readable.map((each) => each.source),
    missing: unreadable.map(({ source, findings: words }) => ({
      name: source.name,
      source: source.kind,
      problem: wordsOf(words).join("; "),
    })),
    usable: checked.filter((each) => isPassed(each.findings)).map((each) => each.destination),
    problems: unusable.flatMap((each) => wordsOf(each.findings)),
    storesInside,
    refusal: refusing[0],
  };
}

/** Several sources ask the same, docker and tar for instance. */
function withoutRepetition(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(
    ({ message }, index) => findings.findIndex((other) => other.message === message) === index,
  );
}

const isPassed = (findings: readonly Finding[]): boolean => findings.every((one) => one.passed);

const wordsOf = (findings: readonly Finding[]): string[] =>
  findings.filter((one) => !one.passed).map((one) => one.message);

/** What is missing makes every later question about it meaningless. */
async function checkSource(
  asker: FileSystemAsker,
  askPrograms: ProgramsAsker,
  source: Source,
): Promise<readonly Finding[]> {
  const missing = (await source.checkExists(asker)).filter((finding) => !finding.passed);
  if (missing.length > 0) return missing;
  return [...(await source.checkContent(asker)), ...(await askPrograms(source.programs))];
}

type ProgramsAsker = (programs: readonly NeededProgram[]) => Promise<readonly Finding[]>;

/** Each program once, however many sources need it: a hundred stacks would start docker a hundred times. */
function createProgramsAsker({ deps, signal }: RunContext<Settings>): ProgramsAsker {
  const asked = new Map<string, Promise<Finding>>();
  const askOne = (needed: NeededProgram): Promise<Finding> => {
    const finding = asked.get(needed.program) ?? checkProgram(deps.exec, needed, signal);
    asked.set(needed.program, finding);
    return finding;
  };
  return (programs) => Promise.all(programs.map(askOne));
}

/** Later questions make no sense where earlier ones failed: what is not mounted has the wrong free space. */
async function checkOneDestination(
  context: RunContext<Settings>,
  sources: readonly Source[],
  destination: Destination,
  lastSetBytes: number | undefined,
): Promise<readonly Finding[]> {
  const asker = createAsker(context);
  const mounts = await Promise.all(destination.mounts.map((mount) => checkMount(asker, mount)));
  const isMounted = mounts.every((finding) => finding.passed);
  if (!isMounted) return mounts;
  const exists = await checkDestination(context, destination, sources);
  if (!exists.passed) return [...mounts, exists];
  const divided = await checkOneFileSystem(asker, destination.root, setPathOf(context));
  if (divided !== undefined) return [...mounts, divided];
  const { MIN_FREE_GB, MIN_FREE_PERCENT } = context.settings;
  const need = { minFreeBytes: MIN_FREE_GB * 1024 ** 3, minFreePercent: MIN_FREE_PERCENT, lastSetBytes };
  return [
    ...mounts,
    await checkFreeSpace(asker, destination.root, need),
    await checkWritable(asker, destination.root, partialNameOf(context), context.isDryRun),
  ];
}

function compressorPrograms({ COMPRESSION }: Settings): readonly NeededProgram[] {
  const compressors: Record<Settings["COMPRESSION"], NeededProgram[]> = {
    zstd: [{ program: "zstd", package: "zstd" }],
    gzip: [{ program: "gzip", package: "gzip" }],
    xz: [{ program: "xz", package: "xz-utils" }],
    none: [],
  };
  return compressors[COMPRESSION];
}

function sayFinding(context: RunContext<Settings>, finding: Finding): void {
  const text = `${finding.passed ? "✓" : "✗"} ${finding.message}`;
  if (finding.passed) context.log.info("preflight.passed", text);
  else
    context.log.warning("preflight.failed", finding.hint === undefined ? text : `${text}. ${finding.hint}`);
}
