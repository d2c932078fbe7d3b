/** The drill of an archive: extracted, compared with it to the last byte, and the application with what is live. */
import { join } from "node:path";
import { compareTree } from "#lib/archive/compare-tree.ts";
import type { Settings } from "#lib/config/schema.ts";
import { countNoun } from "#lib/core/count-noun.ts";
import type { Component, Manifest } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { formatBytes } from "#lib/core/size.ts";
import { type ListedEntry, spotCheck } from "#lib/core/spot-check.ts";
import { sha256OfText } from "#lib/core/text-hash.ts";
import { ask } from "#lib/preflight/ask-file-system.ts";
import type { DrilledComponent } from "#lib/restore/drill-component.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import { extractTree } from "#lib/restore/restore-part.ts";
import { askerOf } from "#lib/restore/target-directory.ts";
import { isOwnSet } from "#lib/restore/trust.ts";

export interface TreeDrill {
  readonly component: Component;
  readonly manifest: Manifest;
  /** Where the set's files are. */
  readonly from: string;
  /** Must not exist. */
  readonly scratch: string;
  readonly settings: Settings;
}

/** Files whose content is compared; enough to find a fault of one in a hundred in nine of ten drills. */
const sampled = 250;
const listingMs = 600_000;

export async function drillTree(context: RestoreContext, drill: TreeDrill): Promise<DrilledComponent> {
  const { component, manifest, scratch, settings } = drill;
  const { clock } = context.deps;
  const extracted = await extractAndCompare(context, drill);
  const { message: counted, problems: lost, comparingMs = 0 } = extracted;
  const problems = [...lost];
  const live = component.name === "application" ? settings.APP_DIR : undefined;
  if (live === undefined) return extracted;
  const startedMs = clock.monotonicMs();
  const [before, now] = [await listTree(context, scratch), await listTree(context, live)];
  const { APP_EXCLUDES: excludes } = settings;
  const takenAt = new Date(manifest.startedAt);
  const found = spotCheck({ live: now, restored: before, takenAt, excludes });
  const sample = pickSample(found.comparable, context.runId);
  const different = await compareContent(context, scratch, live, sample);
  problems.push(
    ...found.problems,
    ...different.map((path) => `"${path}" has another content than the live file`),
  );
  return {
    message: `${counted}, ${sample.length} of ${found.comparable.length} unchanged ${found.comparable.length === 1 ? "file" : "files"} compared with ${live}, ${found.changedSince} changed since`,
    problems,
    comparingMs: comparingMs + clock.monotonicMs() - startedMs,
  };
}

/** Throws OpsError "failed" when it cannot be extracted. */
export async function extractAndCompare(
  context: RestoreContext,
  { component, manifest, from, scratch }: Omit<TreeDrill, "settings">,
): Promise<DrilledComponent> {
  const { childEnvironment: env, signal, progress, deps } = context;
  const isTrusted = isOwnSet(context, manifest);
  const tree = await extractTree(context, component, scratch, { from, paths: [], isTrusted });
  const startedMs = deps.clock.monotonicMs();
  progress.begin(`compare ${component.name}`, component.bytesIn);
  const found = await compareTree({
    archive: join(from, component.file),
    compression: component.compression,
    directory: scratch,
    isTrusted,
    env,
    stallMs: limitsOf(context).stallMs,
    signal,
    onBytes: progress.update,
  });
  const { files, bytes, links, others, unjudged } = found;
  const kinds = [
    `${countNoun(files, "file")} (${formatBytes(bytes)}) byte by byte`,
    ...(links === 0 ? [] : [countNoun(links, "hard link")]),
    `${countNoun(others, "directory", "directories")} and the like`,
    ...(unjudged === 0 ? [] : [`${unjudged} could not be`]),
  ];
  return {
    message: `${countNoun(tree.kept, "member")} extracted and compared with the archive: ${kinds.join(", ")}`,
    // What no foreign set may have says nothing about whether this one can be restored.
    problems: [...(isTrusted ? tree.problems : []), ...found.problems],
    comparingMs: deps.clock.monotonicMs() - startedMs,
  };
}

/** Every entry below a directory. Names that are no UTF-8 are passed over. */
async function listTree(context: RestoreContext, directory: string): Promise<readonly ListedEntry[]> {
  const asker = { ...askerOf(context), timeoutMs: listingMs };
  const found = await ask(asker, ["find", "-H", directory, "-printf", "%y\\t%s\\t%T@\\t%C@\\t%P\\0"]);
  if (!found.ok) throw new OpsError(`Cannot list "${directory}": ${found.reason}`, { outcome: "failed" });
  return found.value.split("\0").flatMap((row): ListedEntry[] => {
    const [letter = "", size, modified = "", changed = "", ...path] = row.split("\t");
    if (row === "" || row.includes("\uFFFD")) return [];
    const kind = letter === "f" ? "file" : letter === "d" ? "directory" : "other";
    return [{ path: path.join("\t"), kind, sizeBytes: Number(size), modified, changed }];
  });
}

/** By chance, others each time. */
function pickSample(paths: readonly string[], seed: string): readonly string[] {
  const rank = (path: string) => sha256OfText(`${seed}\0${path}`);
  return paths
    .map((path) => ({ path, rank: rank(path) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, sampled)
    .map(({ path }) => path);
}

/** Of `paths`, those whose content is another. One that is gone meanwhile is no finding. */
async function compareContent(
  context: RestoreContext,
  restored: string,
  live: string,
  paths: readonly string[],
): Promise<string[]> {
  const [one, other] = [await hashAll(context, restored, paths), await hashAll(context, live, paths)];
  return paths.filter((path) => {
    const [there, here] = [one.get(path), other.get(path)];
    return there !== undefined && here !== undefined && there !== here;
  });
}

async function hashAll(
  { deps, signal }: RestoreContext,
  directory: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (paths.length === 0) return new Map();
  const files = paths.map((path) => join(directory, path));
  const { stdout } = await deps.exec(["sha256sum", "--zero", "--", ...files], {
    timeoutMs: listingMs,
    signal,
  });
  const hashes = stdout.split("\0").flatMap((row): (readonly [string, string])[] => {
    const path = row.slice(66 + directory.length + 1);
    return row === "" ? [] : [[path, row.slice(0, 64)]];
  });
  return new Map(hashes);
}
