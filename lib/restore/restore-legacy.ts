/** Archives of legacy scripts into a new directory, by the same careful extraction. */
import { join, resolve } from "node:path";
import { extractArchive } from "#lib/archive/extract-archive.ts";
import { countNoun } from "#lib/core/count-noun.ts";
import type { LegacyArchive } from "#lib/core/legacy-archives.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { combineOutcomes } from "#lib/core/outcome.ts";
import { showName } from "#lib/core/tar-judge.ts";
import type { ToolResult } from "#lib/core/tool.ts";
import { askSpace } from "#lib/preflight/ask-file-system.ts";
import { nameMembers, refuseIfNowhere } from "#lib/restore/check-members.ts";
import type { FoundLegacySet } from "#lib/restore/find-sets.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import { listFlag } from "#lib/restore/restore-flags.ts";
import {
  askerOf,
  checkTarget,
  makeDirectory,
  withTarget,
  writeWhole,
} from "#lib/restore/target-directory.ts";
import { verifyArchive } from "#lib/restore/verify-legacy.ts";

/** Nothing says how many members such an archive should have. */
const mostEntries = 10_000_000;
/** Nor how large it is: it may fill the disk to this part of what is free. */
const mostOfFree = 0.9;

export async function restoreLegacy(
  context: RestoreContext,
  set: FoundLegacySet,
  paths: readonly string[],
): Promise<ToolResult> {
  const { flags, cwd, isDryRun } = context;
  const wanted = listFlag(flags["component"]);
  const archives = set.archives.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  if (archives.length === 0) {
    throw new OpsError(`The set has no archive "${wanted.join(", ")}"`, {
      outcome: "failed",
      hint: `It has ${set.archives.map(({ name }) => name).join(", ")}`,
    });
  }
  const to = flags["to"];
  const directory = resolve(cwd, typeof to === "string" ? to : `restored-legacy-${set.stamp}`);
  const neededBytes = archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const target = await checkTarget(context, {
    directory,
    names: archives.map(({ name }) => name),
    neededBytes,
    keepOut: [],
  });
  const plan = [
    ...archives.map(({ path, name }) => `${path} into ${join(directory, name)}`),
    target.room,
  ].map(showName);
  if (isDryRun) {
    return { outcome: "complete", text: plan.map((line) => `${line}\n`).join(""), json: { schema: 1, plan } };
  }
  const results = await withTarget(context, target, async () => {
    const ended = [];
    for (const archive of archives) {
      const result = restoreArchive(context, set, archive, directory, paths);
      ended.push(await result.catch((error: unknown) => failedArchive(context, archive, error)));
    }
    return ended;
  });
  const outcome = combineOutcomes(results.map((result) => result.outcome));
  return {
    outcome,
    text: results.flatMap(({ lines }) => lines.map((line) => `${showName(line)}\n`)).join(""),
    json: { schema: 1, outcome, legacy: set.stamp, directory, results },
  };
}

/** The others are restored all the same. */
function failedArchive({ signal }: RestoreContext, { path }: LegacyArchive, error: unknown) {
  signal.throwIfAborted();
  if (!(error instanceof OpsError)) throw error;
  return {
    outcome: "failed" as const,
    lines: [
      `FAILED: ${path}: ${describeError(error)}`,
      ...(error.hint === undefined ? [] : [`  Hint: ${error.hint}`]),
    ],
  };
}

async function restoreArchive(
  context: RestoreContext,
  set: FoundLegacySet,
  archive: LegacyArchive,
  directory: string,
  paths: readonly string[],
) {
  const { childEnvironment: env, signal, progress, isRoot, flags } = context;
  const damage = await verifyArchive(context, set, archive);
  if (damage !== undefined)
    return { outcome: "failed" as const, lines: [`FAILED: ${archive.path}: ${damage}`] };
  const space = await askSpace(askerOf(context), directory);
  progress.begin(`restore ${archive.name}`);
  const extract = async (hidden: string) => {
    await makeDirectory(context, hidden);
    const extracted = await extractArchive({
      archive: join(set.place.directory ?? "", archive.path),
      compression: archive.compression,
      directory: hidden,
      isTrusted: flags["trust"] === true,
      paths,
      maxEntries: mostEntries,
      maxBytes: space.ok ? space.value.freeBytes * mostOfFree : Number.POSITIVE_INFINITY,
      keepsOwners: isRoot,
      env,
      stallMs: limitsOf(context).stallMs,
      signal,
      onBytes: progress.update,
    });
    refuseIfNowhere(archive.name, paths, extracted.members);
    return extracted;
  };
  const { members, problems } = await writeWhole(context, directory, archive.name, extract).finally(
    progress.end,
  );
  const words = [
    ...problems,
    ...nameMembers(members.refused, "left out"),
    ...nameMembers(members.neutralised, "restored"),
    ...members.missing.map((path) => `NOT FOUND: ${path}`),
  ];
  const hash = archive.sumFile === undefined ? ", no hash to compare it with" : "";
  const line = `${archive.path}: ${join(directory, archive.name)}: ${countNoun(members.kept, "member")}${hash}`;
  return {
    outcome: words.length === 0 ? ("complete" as const) : ("partial" as const),
    lines: [line, ...words.map((word) => `  ${word}`)],
  };
}
