/** One component of a set, written where the plan says. */
import { join } from "node:path";
import { extractArchive } from "#lib/archive/extract-archive.ts";
import { writePlain } from "#lib/archive/write-plain.ts";
import { countNoun } from "#lib/core/count-noun.ts";
import type { Component } from "#lib/core/manifest.ts";
import type { PlannedPart } from "#lib/core/restore-plan.ts";
import { formatBytes } from "#lib/core/size.ts";
import { checkCount, nameMembers, refuseIfNowhere } from "#lib/restore/check-members.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import { restoreDatabase } from "#lib/restore/restore-database.ts";
import { makeDirectory, writeWhole } from "#lib/restore/target-directory.ts";

export interface PartRequest {
  /** Where the set's files are. */
  readonly from: string;
  /** Directory that is restored into. */
  readonly directory: string;
  readonly paths: readonly string[];
  readonly isTrusted: boolean;
  /** Before it resolves nothing gets its name, and no database is made. */
  readonly verified: Promise<void>;
}

export interface RestoredPart {
  readonly component: string;
  readonly target: string;
  readonly message: string;
  /** What is not as it was. */
  readonly problems: readonly string[];
  /** What is left to do by hand. */
  readonly notes?: readonly string[] | undefined;
  /** Of `paths`, what this component does not have. */
  readonly missing: readonly string[];
  readonly seconds: number;
}

/** More members than any archive of ours has; where a manifest says how many there are, that is the limit. */
const mostEntries = 100_000_000;

/** Throws OpsError "failed"; nothing of this part is left then. */
export async function restorePart(
  context: RestoreContext,
  part: PlannedPart,
  request: PartRequest,
): Promise<RestoredPart> {
  const { clock } = context.deps;
  const startedMs = clock.monotonicMs();
  context.progress.begin(`restore ${part.component.name}`, part.component.bytesIn);
  try {
    const restored = await writers[part.kind](context, part, request);
    return { ...restored, seconds: (clock.monotonicMs() - startedMs) / 1000 };
  } finally {
    context.progress.end();
  }
}

const writers = {
  tree: restoreTree,
  file: restoreFile,
  database: async (context: RestoreContext, part: PlannedPart, { from, verified }: PartRequest) => {
    await verified;
    return restoreDatabase(context, part, from);
  },
} as const;

export type Restored = Omit<RestoredPart, "seconds">;

async function restoreTree(
  context: RestoreContext,
  { component, name }: PlannedPart,
  request: PartRequest,
): Promise<Restored> {
  const { directory } = request;
  const tree = await writeWhole(context, directory, name, async (hidden) => {
    const extracted = await extractTree(context, component, hidden, request);
    await request.verified;
    return extracted;
  });
  return {
    component: component.name,
    target: join(directory, name),
    message: `${tree.kept} of ${countNoun(tree.entries, "member")}`,
    problems: tree.problems,
    missing: tree.missing,
  };
}

export interface ExtractedTree {
  readonly entries: number;
  readonly kept: number;
  readonly problems: readonly string[];
  readonly missing: readonly string[];
}

/** An archive into the new directory `hidden`. Throws OpsError "failed" when it is not what was written, or has none of `paths`. */
export async function extractTree(
  context: RestoreContext,
  component: Component,
  hidden: string,
  { from, paths, isTrusted }: Omit<PartRequest, "directory" | "verified">,
): Promise<ExtractedTree> {
  const { childEnvironment: env, signal, progress, isRoot } = context;
  const { file, compression, entries, bytesIn } = component;
  await makeDirectory(context, hidden);
  const { members, problems } = await extractArchive({
    archive: join(from, file),
    compression,
    directory: hidden,
    isTrusted,
    paths,
    maxEntries: entries ?? mostEntries,
    maxBytes: bytesIn > 0 ? bytesIn : Number.POSITIVE_INFINITY,
    keepsOwners: isRoot,
    env,
    stallMs: limitsOf(context).stallMs,
    signal,
    onBytes: progress.update,
  });
  checkCount(file, entries, members);
  refuseIfNowhere(component.name, paths, members);
  const isHarmless = isTrusted || members.neutralised.count + members.refused.count === 0;
  return {
    entries: members.entries,
    kept: members.kept,
    missing: members.missing,
    problems: [
      ...problems,
      ...nameMembers(members.refused, "left out"),
      ...nameMembers(members.neutralised, "restored"),
      ...(isHarmless
        ? []
        : [
            "It is a set of another host, or nobody vouches for it: --trust restores devices and set-id bits",
          ]),
    ],
  };
}

async function restoreFile(
  context: RestoreContext,
  { component, name }: PlannedPart,
  { from, directory, verified }: PartRequest,
): Promise<Restored> {
  const { childEnvironment: env, signal, progress } = context;
  const { file, compression, bytesIn, format } = component;
  // The size that a dump in custom format is said to have is that of the SQL in it.
  const isSizeKnown = bytesIn > 0 && format !== "pgdump";
  await writeWhole(context, directory, name, async (path) => {
    await writePlain({
      archive: join(from, file),
      compression,
      path,
      maxBytes: isSizeKnown ? bytesIn : Number.POSITIVE_INFINITY,
      env,
      stallMs: limitsOf(context).stallMs,
      signal,
      onBytes: progress.update,
    });
    await verified;
  });
  const size = isSizeKnown ? `${formatBytes(bytesIn)}, ` : "";
  const by = component.facts?.["restore"];
  const message = typeof by === "string" ? `${size}to be loaded by: ${by}` : `${size}a ${format} dump`;
  return { component: component.name, target: join(directory, name), message, problems: [], missing: [] };
}
