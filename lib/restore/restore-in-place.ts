/**
 * `restore restore SET --in-place`: the application as it was, in the place of the application as it is.
 *
 * It is restored beside, and looked at, before anything is touched; then two renames, and what was before stays under another
 * name. A run as any other, under the job's lock, so that whatever ends it in between is put right.
 */
import { basename, dirname, join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import { countNoun } from "#lib/core/count-noun.ts";
import type { Component } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { planRestore } from "#lib/core/restore-plan.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import { formatBytes } from "#lib/core/size.ts";
import { chooseFound } from "#lib/restore/choose-found.ts";
import { completeResult } from "#lib/restore/complete-result.ts";
import { confirmByWord } from "#lib/restore/confirm-by-word.ts";
import { describeNameBack } from "#lib/restore/describe-stack-plan.ts";
import { fetchSet } from "#lib/restore/fetch-set.ts";
import type { FoundSet } from "#lib/restore/find-sets.ts";
import { checkReplaceable } from "#lib/restore/live-directory.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import { listFlag } from "#lib/restore/restore-flags.ts";
import { extractTree } from "#lib/restore/restore-part.ts";
import { contextOf } from "#lib/restore/run-to-context.ts";
import { syncTree } from "#lib/restore/target-directory.ts";
import { isTrusted, refuseUnlessWhole } from "#lib/restore/trust.ts";
import { replacedOf, swapDirectory } from "#lib/stores/swap-directory.ts";

interface InPlacePlan {
  readonly context: RestoreContext;
  readonly copies: readonly [FoundSet, ...FoundSet[]];
  readonly component: Component;
  /** The directory that is replaced. */
  readonly target: string;
  /** Whether there is anything to replace. */
  readonly isThere: boolean;
  readonly incoming: string;
  readonly aside: string;
}

/** Ask whoever is there to type what will happen; undefined when the answer is another one. */
export async function confirmInPlace(run: RunContext<Settings>): Promise<readonly string[] | undefined> {
  const lines = describePlan(await makePlan(run));
  return (await confirmByWord(run.operator, run.settings.JOB, lines)) ? ["application"] : undefined;
}

export async function restoreInPlace(run: RunContext<Settings>): Promise<RunResult> {
  const plan = await makePlan(run);
  if (run.isDryRun) return completeResult("application", `Would restore ${plan.target}`, describePlan(plan));
  const { context, component, target, incoming, aside, isThere } = plan;
  const swap = { kind: "swap", target, incoming, aside, wasThere: isThere } as const;
  const files = await fetchSet(context, plan.copies, [component], dirname(target));
  await run.journal.record(swap);
  context.progress.begin(`restore ${component.name}`, component.bytesIn);
  const request = { from: files.directory, paths: [], isTrusted: isTrusted(context, files.copy.manifest) };
  const extracted = await extractTree(context, component, incoming, request).finally(context.progress.end);
  refuseUnlessWhole(extracted.problems);
  await syncTree(context, incoming);
  await swapDirectory(swap, { exec: run.deps.exec, timeoutMs: limitsOf(context).fsTimeoutMs });
  await run.journal.record(replacedOf(swap), swap);
  // Also for whoever stopped it when there was nothing left to stop.
  if (run.signal.aborted)
    run.log.warning("restore.swapped", `It was too late to stop: ${target} has been replaced`);
  await files.close();
  const kept = isThere ? `what was before lies in ${aside}` : "there was nothing before";
  return completeResult(
    "application",
    `Restored ${target} from ${stampOf(files.copy.manifest)} (${countNoun(extracted.kept, "member")}); ${kept}`,
    [...files.notes, ...(isThere ? [`To go back: ${describeNameBack({ target, aside })}`] : [])],
  );
}

async function makePlan(run: RunContext<Settings>): Promise<InPlacePlan> {
  const context = await contextOf(run);
  const { operands, flags } = context;
  const [, name, ...paths] = operands;
  if (name === undefined || paths.length > 0) {
    throw new OpsError("In place, one SET is restored as a whole", {
      outcome: "usage",
      hint: "Without --in-place single paths come into a directory of their own",
    });
  }
  const { APP_DIR } = run.settings;
  const components = listFlag(flags["component"]);
  if (APP_DIR === undefined || components.some((component) => component !== "application")) {
    throw new OpsError("Only the application is restored in place, into APP_DIR", {
      outcome: "usage",
      hint: "Stacks by --component stack-NAME, databases by --component database-NAME",
    });
  }
  const chosen = await chooseFound(context, name);
  if (chosen.kind === "legacy") {
    throw new OpsError("A legacy archive is not restored in place", {
      outcome: "usage",
      hint: "Restore it into a directory, look at it, and move it",
    });
  }
  const [part] = planRestore(chosen.copies[0].manifest, {
    components: ["application"],
    paths: [],
    databaseFor: () => undefined,
  });
  if (part === undefined) throw new TypeError("No part was planned");
  const { target, isThere } = await checkReplaceable(context, APP_DIR, part.component.bytesIn);
  const parent = dirname(target);
  const id = run.runId.slice(0, 8);
  const stamp = run.startedAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
  return {
    context,
    copies: chosen.copies,
    component: part.component,
    target,
    isThere,
    incoming: join(parent, `.restoring-${id}-${basename(target)}`),
    aside: join(parent, `${basename(target)}.before-${stamp}Z-${id}`),
  };
}

function describePlan({ context, copies, component, target, isThere, aside }: InPlacePlan): string[] {
  const [{ manifest, place }] = copies;
  return [
    `Set ${stampOf(manifest)} of ${manifest.host.name}/${manifest.job} (${manifest.outcome}) from ${place.name}`,
    `${target} becomes what it was then: ${formatBytes(component.bytesIn)}${component.entries === undefined ? "" : ` in ${countNoun(component.entries, "entry", "entries")}`}`,
    isThere ? `What is there now is kept as ${aside}` : "There is nothing of that name now",
    ...(isTrusted(context, manifest)
      ? []
      : ["It is no set of this host: with devices or set-id bits it is refused (--trust)"]),
    "Services that use it are not stopped: stop them first if they write to it",
  ];
}
