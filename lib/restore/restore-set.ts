/** `restore restore SET`: a plan, then every component into a directory of its own, which has its name when the set's files are verified. */
import { join, resolve } from "node:path";
import { countNoun } from "#lib/core/count-noun.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { combineOutcomes } from "#lib/core/outcome.ts";
import { bytesNeeded, type PlannedPart, planRestore } from "#lib/core/restore-plan.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import { formatBytes } from "#lib/core/size.ts";
import { showName } from "#lib/core/tar-judge.ts";
import type { ToolResult } from "#lib/core/tool.ts";
import { chooseFound } from "#lib/restore/choose-found.ts";
import type { FoundSet } from "#lib/restore/find-sets.ts";
import { dropHalfDatabases } from "#lib/restore/new-database.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { checkDatabaseFlag, nameDatabase } from "#lib/restore/restore-database.ts";
import { listFlag } from "#lib/restore/restore-flags.ts";
import { restoreLegacy } from "#lib/restore/restore-legacy.ts";
import { type RestoredPart, restorePart } from "#lib/restore/restore-part.ts";
import { checkTarget, findUnfinished, withTarget } from "#lib/restore/target-directory.ts";
import { isTrusted } from "#lib/restore/trust.ts";
import { type SetInUse, useSet } from "#lib/restore/use-set.ts";

interface Plan {
  readonly copies: readonly [FoundSet, ...FoundSet[]];
  readonly parts: readonly PlannedPart[];
  readonly directory: string;
  readonly paths: readonly string[];
  readonly isTrusted: boolean;
}

export async function restoreSet(context: RestoreContext): Promise<ToolResult> {
  const [, name, ...paths] = context.operands;
  if (name === undefined) {
    throw new OpsError("SET is missing", {
      outcome: "usage",
      hint: "latest, latest-good, or a time stamp of restore list",
    });
  }
  const chosen = await chooseFound(context, name);
  if (chosen.kind === "legacy") return restoreLegacy(context, chosen.set, paths);
  const plan = makePlan(context, chosen.copies, paths);
  const { parts, directory, copies } = plan;
  const fetchedBytes = parts.reduce((sum, { component }) => sum + component.bytesOut, 0);
  const target = await checkTarget(context, {
    directory,
    names: parts.filter(({ kind }) => kind !== "database").map((part) => part.name),
    // Of archives, single paths need less, but how much nobody knows before.
    neededBytes:
      (paths.length > 0 ? 0 : bytesNeeded(parts)) +
      (copies[0].place.directory === undefined ? fetchedBytes : 0),
    keepOut: copies.flatMap(({ place, path }) =>
      place.directory === undefined ? [] : [join(place.directory, path)],
    ),
  });
  for (const path of await findUnfinished(context, directory)) {
    const words = `"${path}" is of a restore that was killed: remove it, unless that still runs`;
    context.log.warning("restore.unfinished", showName(words));
  }
  const lines = describePlan(plan, target.room);
  if (context.isDryRun) {
    return {
      outcome: "complete",
      text: lines.map((line) => `${line}\n`).join(""),
      json: { schema: 1, plan: lines },
    };
  }
  for (const line of lines) context.log.info("restore.plan", line);
  const { settings } = context;
  if (settings !== undefined && parts.some(({ kind }) => kind === "database"))
    await dropHalfDatabases(context, settings);
  const components = parts.map(({ component }) => component);
  return withTarget(context, target, () =>
    useSet(context, copies, components, directory, (inner, files) => carryOut(inner, plan, files)),
  );
}

function makePlan(
  context: RestoreContext,
  copies: readonly [FoundSet, ...FoundSet[]],
  paths: readonly string[],
): Plan {
  const { flags, cwd } = context;
  const [{ manifest }] = copies;
  const parts = planRestore(manifest, {
    components: listFlag(flags["component"]),
    paths,
    databaseFor: (component) => nameDatabase(context, manifest, component),
  });
  const isVouchedFor = isTrusted(context, manifest);
  checkDatabaseFlag(flags["database"], parts, isVouchedFor);
  const to = flags["to"];
  const usual = `restored-${manifest.host.name}-${manifest.job}-${stampOf(manifest)}`.replaceAll(
    /[^A-Za-z0-9._-]/g,
    "_",
  );
  return {
    copies,
    parts,
    paths,
    directory: resolve(cwd, typeof to === "string" ? to : usual),
    isTrusted: isVouchedFor,
  };
}

function describePlan({ copies, parts, directory, paths, ...plan }: Plan, room: string): string[] {
  const [{ manifest, place }] = copies;
  const { host, job, outcome } = manifest;
  return [
    `Set ${stampOf(manifest)} of ${host.name}/${job} (${outcome}) from ${place.name} into ${directory}`,
    ...parts.map(({ kind, component, name }) => {
      const what = paths.length > 0 ? `${paths.join(", ")} of ` : "";
      const where = kind === "database" ? `new database "${name}"` : join(directory, name);
      return `  ${where}: ${what}${component.name}, ${formatBytes(component.bytesIn)}`;
    }),
    room,
    ...(plan.isTrusted
      ? []
      : ["  without devices and set-id bits, and no dump is loaded: it is no set of this host (--trust)"]),
    ...manifest.missing.map(({ name, problem }) => `  The set lacks ${name}: ${problem}`),
    "Nothing that exists is overwritten, nothing is stopped",
  ].map(showName);
}

function describePart({ component, target, message, problems, notes = [], seconds }: RestoredPart): string[] {
  return [
    `${component}: ${target}: ${message} in ${seconds.toFixed(1)} s`,
    ...[...problems, ...notes].map((line) => `  ${line}`),
  ];
}

async function carryOut(context: RestoreContext, plan: Plan, files: SetInUse): Promise<ToolResult> {
  const { copies, parts, directory, paths } = plan;
  const { verified } = files;
  const { clock } = context.deps;
  const startedMs = clock.monotonicMs();
  const request = { from: files.directory, directory, paths, isTrusted: plan.isTrusted, verified };
  const restored: RestoredPart[] = [];
  const failed: {
    readonly component: string;
    readonly problem: string;
    readonly hint?: string | undefined;
  }[] = [];
  for (const part of parts) {
    try {
      restored.push(await restorePart(context, part, request));
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof OpsError)) throw error;
      // What is damaged is no failure of this part: another copy may be whole.
      await verified;
      failed.push({ component: part.component.name, problem: describeError(error), hint: error.hint });
    }
  }
  // What could not be restored may be tried again with what was fetched.
  if (failed.length === 0) await files.close();
  const nowhere = restored.flatMap(({ missing }) => missing);
  const outcome = combineOutcomes([
    ...restored.map(({ problems }) => (problems.length === 0 ? ("complete" as const) : ("partial" as const))),
    ...nowhere.map(() => "partial" as const),
    ...failed.map(() => "failed" as const),
  ]);
  const seconds = (clock.monotonicMs() - startedMs) / 1000;
  const into = parts.every(({ kind }) => kind === "database") ? "" : ` into ${directory}`;
  const lines = [
    ...restored.flatMap(describePart),
    ...failed.flatMap(({ component, problem, hint }) => [
      `FAILED: ${component}: ${problem}`,
      ...(hint === undefined ? [] : [`  Hint: ${hint}`]),
    ]),
    ...nowhere.map((path) => `NOT FOUND: ${path}`),
    ...files.notes.map((note) => `Note: ${note}`),
    `Restored ${restored.length} of ${countNoun(parts.length, "component")}${into} in ${seconds.toFixed(1)} s`,
  ];
  return {
    outcome,
    text: lines.map((line) => `${showName(line)}\n`).join(""),
    json: {
      schema: 1,
      outcome,
      set: stampOf(copies[0].manifest),
      directory,
      restored,
      failed,
      notFound: nowhere,
      notes: files.notes,
      seconds,
    },
  };
}
