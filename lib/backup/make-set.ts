/**
 * Write one set: every source in one pass to every destination, verified, and only then under its final name.
 *
 * A directory whose name begins with `.partial-` is nobody's backup. Its destination is in the undo journal before it exists.
 */
import type { WrittenCopy } from "#lib/archive/verify-copies.ts";
import { buildManifest } from "#lib/backup/build-manifest.ts";
import { type Destination, partialNameOf, type SetCopy } from "#lib/backup/destinations.ts";
import { tryPublish } from "#lib/backup/publish-copy.ts";
import { type SettlingSource, settleSources } from "#lib/backup/settle-sources.ts";
import { type FailedSource, type WrittenSource, writeSource } from "#lib/backup/write-source.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { Component, Manifest, MissingComponent } from "#lib/core/manifest.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { PartReport } from "#lib/core/report.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import type { Source } from "#lib/sources/source.ts";
import { createPartialSet, removePartialSet } from "#lib/stores/partial-set.ts";

export interface MadeSet {
  readonly manifest: Manifest;
  /** Final directories, in the order of the destinations that have it. */
  readonly published: readonly { readonly destination: Destination; readonly path: string }[];
  readonly parts: readonly PartReport[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly bytes: number;
}

/** What a set is made of. */
export interface SetPlan {
  readonly sources: readonly Source[];
  /** Sources that cannot be read, known before anything is written. */
  readonly missing: readonly MissingComponent[];
  readonly destinations: readonly Destination[];
  /** Manifests of earlier sets, newest first. */
  readonly earlier: readonly Manifest[];
}

/** Throws OpsError "failed" when no usable set came to be; whatever happens, no partial of this run is left. */
export async function makeSet(context: RunContext<Settings>, plan: SetPlan): Promise<MadeSet> {
  const copies: SetCopy[] = [];
  const lost: PartReport[] = [];
  const settling: SettlingSource[] = [];
  try {
    for (const destination of plan.destinations) {
      try {
        copies.push(await openCopy(context, destination));
      } catch (error) {
        if (destination.isRequired || !(error instanceof OpsError)) throw error;
        lost.push(describeLost(destination, describeError(error)));
      }
    }
    return await fillSet(context, plan, copies, lost, settling);
  } finally {
    await Promise.all(settling.map(({ settled }) => settled));
    for (const copy of copies) await closeCopy(context, copy);
  }
}

async function openCopy(context: RunContext<Settings>, destination: Destination): Promise<SetCopy> {
  const { root } = destination;
  return {
    destination,
    directory: await createPartialSet(root, partialNameOf(context), context.settings.FS_TIMEOUT),
  };
}

/** Remove what has not been published; one that cannot be removed is swept by the next run. */
async function closeCopy(context: RunContext<Settings>, copy: SetCopy): Promise<void> {
  try {
    await removePartialSet(copy.directory, context.settings.FS_TIMEOUT);
  } catch (error) {
    context.log.warning("partial.left", describeError(error));
  }
}

async function fillSet(
  context: RunContext<Settings>,
  plan: SetPlan,
  copies: readonly SetCopy[],
  lost: readonly PartReport[],
  settling: SettlingSource[],
): Promise<MadeSet> {
  const { log } = context;
  let parts = [...lost];
  const problems = lost.map(({ message }) => message);
  const notes: string[] = [];
  const written: Component[] = [];
  const missing = [...plan.missing];
  const failed: FailedSource[] = [];
  const readBack: WrittenSource["readBack"][] = [];
  let usable = [...copies];
  for (const source of plan.sources) {
    const result = await writeSource(context, source, usable, plan.earlier);
    if (result.settled !== undefined) settling.push({ name: source.name, settled: result.settled });
    parts.push(result.part);
    problems.push(...result.problems);
    if (result.component === undefined) {
      missing.push(result.missing);
      failed.push(result);
      continue;
    }
    written.push(result.component);
    notes.push(...result.notes);
    readBack.push(result.readBack);
    usable = dropFailed(usable, result.copies, problems, parts);
  }
  refuseNothing(written, failed);
  const { components, ...settled } = await settleSources(settling, written, parts);
  parts = [...settled.parts];
  problems.push(...settled.problems);
  notes.push(...settled.notes);
  for (const note of settled.notes) log.info("source.note", note);
  const how = weakest(readBack);
  if (how !== "none")
    log.info(
      "set.verified",
      `Read back ${usable.length} ${usable.length === 1 ? "copy" : "copies"} from the ${how}`,
    );
  const manifest = buildManifest(context, components, missing, problems, notes, how);
  const published: { destination: Destination; path: string }[] = [];
  for (const copy of usable) {
    const result = await tryPublish(context, copy, manifest);
    if (dropFailed([copy], [{ directory: copy.directory, ...result }], problems, parts).length === 0)
      continue;
    log.info("set.published", `Published ${result.path}`);
    published.push({ destination: copy.destination, path: result.path });
    parts.push({ kind: "copy", name: copy.destination.role, outcome: "complete", message: result.path });
  }
  return {
    manifest,
    published,
    parts,
    problems,
    notes,
    bytes: components.reduce((sum, component) => sum + component.bytesOut, 0),
  };
}

/** What holds for every component. */
function weakest(readBack: readonly WrittenSource["readBack"][]): "medium" | "cache" | "none" {
  if (readBack.includes(undefined)) return "none";
  return readBack.includes("cache") ? "cache" : "medium";
}

/** A set of nothing is no set. Throws OpsError "failed" with what every source said. */
function refuseNothing(components: readonly Component[], failed: readonly FailedSource[]): void {
  const [first] = failed;
  if (components.length > 0 || first === undefined) return;
  throw new OpsError(first.missing.problem, {
    outcome: "failed",
    hint: first.hint,
    problems: failed.flatMap((each) => each.problems),
  });
}

/** The copies that are whole; each of the others is a part that failed and a problem with its reason. */
function dropFailed(
  usable: readonly SetCopy[],
  written: readonly WrittenCopy[],
  problems: string[],
  parts: PartReport[],
): SetCopy[] {
  return usable.filter((copy) => {
    const problem = written.find((each) => each.directory === copy.directory)?.problem;
    if (problem === undefined) return true;
    const part = describeLost(copy.destination, problem);
    if (copy.destination.isRequired) throw new OpsError(part.message, { outcome: "failed" });
    problems.push(part.message);
    parts.push(part);
    return false;
  });
}

function describeLost({ role, root }: Destination, problem: string): PartReport {
  return { kind: "copy", name: role, outcome: "failed", message: `No copy in "${root}": ${problem}` };
}
