/** The drill of a stack: extracted, everything that the manifest names is there, and compose understands what it would start. */
import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import { composeFileNames } from "#lib/core/compose-files.ts";
import { countNoun } from "#lib/core/count-noun.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { readStackFacts } from "#lib/core/stack-items.ts";
import { ask } from "#lib/preflight/ask-file-system.ts";
import type { DrilledComponent } from "#lib/restore/drill-component.ts";
import { drillStart } from "#lib/restore/drill-start.ts";
import { extractAndCompare, type TreeDrill } from "#lib/restore/drill-tree.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { askerOf } from "#lib/restore/target-directory.ts";
import { isTrusted } from "#lib/restore/trust.ts";
import { checkCompose } from "#lib/stacks/bring-up.ts";

export async function drillStack(
  run: RunContext<Settings>,
  context: RestoreContext,
  { component, manifest, from, scratch }: Omit<TreeDrill, "settings">,
): Promise<DrilledComponent> {
  const { directory, roots, definition } = readStackFacts(component);
  const extracted = await extractAndCompare(context, { component, manifest, from, scratch });
  const paths = [...roots.map(({ path }) => path), ...definition];
  const missing: string[] = [];
  for (const path of paths) {
    const there = await ask(askerOf(context), ["stat", "--format=%F", "--", join(scratch, path)]);
    if (!there.ok) missing.push(`"${path}" is not in the archive: ${there.reason}`);
  }
  const hasCompose = definition.some((path) =>
    composeFileNames.some((name) => path === join(directory, name)),
  );
  const trouble = hasCompose
    ? await checkCompose(join(scratch, directory), context.deps.exec, context.signal)
    : undefined;
  const compose = hasCompose ? "its compose file read by compose" : "without a compose file of a usual name";
  const problems = [...extracted.problems, ...missing, ...(trouble === undefined ? [] : [trouble])];
  const started =
    trouble === undefined && isStartWanted(run)
      ? await startOrRefuse(run, context, { component, manifest, scratch })
      : undefined;
  const read = `${extracted.message}, ${paths.length - missing.length} of ${countNoun(paths.length, "path")} found, ${compose}`;
  return {
    message: started === undefined ? read : `${read}, ${started.message}`,
    problems: [...problems, ...(started?.problems ?? [])],
    comparingMs: extracted.comparingMs,
  };
}

function isStartWanted({ settings, operator }: RunContext<Settings>): boolean {
  return settings.DRILL_START_STACKS || operator.flags["start-stacks"] === true;
}

/** A set of another host may name any image, and what its containers are to do. */
async function startOrRefuse(
  run: RunContext<Settings>,
  context: RestoreContext,
  { manifest, ...restored }: Pick<TreeDrill, "component" | "manifest" | "scratch">,
): Promise<DrilledComponent> {
  if (!isTrusted(context, manifest))
    return { message: "not started: it is of another host, and --trust was not given", problems: [] };
  try {
    return await drillStart(run, context, restored);
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof OpsError)) throw error;
    const hint = error.hint === undefined ? [] : [error.hint];
    return { message: "not started", problems: [`cannot be started: ${describeError(error)}`, ...hint] };
  }
}
