/**
 * `restore drill`: a set restored where it harms nobody, and looked at; the only proof that it can be.
 *
 * A run as any other, under the job's lock: what it starts and writes goes with it, however it ends.
 */
import { join, resolve } from "node:path";
import { readComponent } from "#lib/archive/read-component.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { Component } from "#lib/core/manifest.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { combineOutcomes, type PartOutcome } from "#lib/core/outcome.ts";
import { bytesNeeded, planRestore } from "#lib/core/restore-plan.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import { chooseFound } from "#lib/restore/choose-found.ts";
import type { DrilledComponent } from "#lib/restore/drill-component.ts";
import { drillDump, drillSqlite, serverKindOf } from "#lib/restore/drill-database.ts";
import { drillStack } from "#lib/restore/drill-stack.ts";
import { drillTree } from "#lib/restore/drill-tree.ts";
import { fetchSet, type LocalFiles } from "#lib/restore/fetch-set.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import { accessRequest } from "#lib/restore/restore-database.ts";
import { listFlag } from "#lib/restore/restore-flags.ts";
import { contextOf } from "#lib/restore/run-to-context.ts";
import { checkTarget, makeDirectory } from "#lib/restore/target-directory.ts";
import { openAccess } from "#lib/sources/open-access.ts";
import { recordDrill } from "#lib/stores/drill-record.ts";
import { removePartialSet } from "#lib/stores/partial-set.ts";

interface Drilled extends DrilledComponent {
  readonly name: string;
  readonly outcome: PartOutcome;
  readonly seconds: number;
}

/** On a disk, not in memory: a set may be large. */
const usualPlace = "/var/tmp";

export async function drill(run: RunContext<Settings>): Promise<RunResult> {
  const context = await contextOf(run);
  const { flags, operands } = context;
  const chosen = await chooseFound(context, operands[1] ?? "latest-good");
  if (chosen.kind === "legacy")
    throw new OpsError("A legacy archive cannot be drilled", { outcome: "usage" });
  const { copies } = chosen;
  const [{ manifest }] = copies;
  const wishes = { components: listFlag(flags["component"]), paths: [], databaseFor: () => undefined };
  const parts = planRestore(manifest, wishes);
  const to = flags["to"];
  const above = resolve(typeof to === "string" ? to : usualPlace);
  const directory = join(above, `lastgood-drill-${run.runId}`);
  await checkTarget(context, { directory, names: [], neededBytes: bytesNeeded(parts), keepOut: [] });
  if (run.isDryRun) return describe(`Would restore ${stampOf(manifest)} into ${directory}`, []);
  const scratch = { kind: "private", path: directory } as const;
  await run.journal.record(scratch);
  const startedMs = run.deps.clock.monotonicMs();
  const drilled: Drilled[] = [];
  try {
    await makeDirectory(context, directory);
    const components = parts.map(({ component }) => component);
    const files = await fetchSet(context, copies, components, directory);
    for (const component of components)
      drilled.push(await drillOne(run, context, files, component, directory));
  } finally {
    await removePartialSet(directory, run.settings.FS_TIMEOUT * 10);
    await run.journal.forget(scratch);
  }
  const seconds = (run.deps.clock.monotonicMs() - startedMs) / 1000;
  const outcome = combineOutcomes(drilled.map((one) => one.outcome));
  const isBroken = drilled.some((one) => one.outcome === "failed");
  await recordDrill(join(run.settings.STATE_DIR, run.settings.JOB, "drill.json"), {
    at: run.deps.clock.now().toISOString(),
    set: stampOf(manifest),
    runId: manifest.runId,
    outcome: isBroken ? "failed" : outcome,
    seconds,
    components: drilled.map(({ name, outcome: each, message, problems }) => ({
      name,
      outcome: each,
      message,
      problems: [...problems],
    })),
  });
  const what = `${stampOf(manifest)} restored and compared in ${seconds.toFixed(1)} s, which a recovery would take as well`;
  return describe(
    isBroken ? `The set ${stampOf(manifest)} cannot be restored as it should be` : what,
    drilled,
  );
}

async function drillOne(
  run: RunContext<Settings>,
  context: RestoreContext,
  { directory: from, copy }: LocalFiles,
  component: Component,
  directory: string,
): Promise<Drilled> {
  const { clock } = run.deps;
  const startedMs = clock.monotonicMs();
  const { name } = component;
  // Not in the drill's directory, which is closed: the user of a database server has to get there.
  const scratch = `${directory}-${name}`;
  const entry = { kind: "private", path: scratch } as const;
  await run.journal.record(entry);
  context.progress.begin(`drill ${name}`, component.bytesIn);
  const end = (outcome: PartOutcome, { message, problems }: DrilledComponent): Drilled => {
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    run.log.info(
      "drill.component",
      `${name}: ${[message, ...problems].join("; ")} (${seconds.toFixed(1)} s)`,
    );
    return { name, outcome, message, problems, seconds };
  };
  try {
    const found = await drillByFormat(run, context, { component, from, scratch, manifest: copy.manifest });
    if (found === undefined)
      return end("complete", {
        message: "read to its end, not loaded: it is of a whole server",
        problems: [],
      });
    return end(found.problems.length === 0 ? "complete" : "failed", found);
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof OpsError)) throw error;
    const hint = error.hint === undefined ? [] : [error.hint];
    return end("failed", { message: "cannot be restored", problems: [describeError(error), ...hint] });
  } finally {
    context.progress.end();
    await removePartialSet(scratch, run.settings.FS_TIMEOUT * 10);
    await run.journal.forget(entry);
  }
}

async function drillByFormat(
  run: RunContext<Settings>,
  context: RestoreContext,
  drill: Pick<Parameters<typeof drillTree>[1], "component" | "from" | "scratch" | "manifest">,
): Promise<DrilledComponent> {
  const { component } = drill;
  if (component.source === "stack") return drillStack(run, context, drill);
  if (component.format === "tar") return drillTree(context, { ...drill, settings: run.settings });
  const opened = openAccess(accessRequest(context, run.settings, component.name));
  try {
    const request = { ...drill, access: opened.access };
    if (component.format === "sqlite") return await drillSqlite(context, request);
    const kind = serverKindOf(component);
    return kind === undefined ? await drillReading(context, drill) : await drillDump(context, kind, request);
  } finally {
    await opened.close();
  }
}

/** A dump of a whole server, or of its roles, would change what it is loaded into beyond one database. */
async function drillReading(
  context: RestoreContext,
  { component, from }: { readonly component: Component; readonly from: string },
): Promise<DrilledComponent> {
  const { childEnvironment: env, signal, progress } = context;
  const { problem } = await readComponent({
    path: join(from, component.file),
    compression: component.compression,
    isTar: false,
    env,
    stallMs: limitsOf(context).stallMs,
    signal,
    onBytes: progress.update,
  });
  const message = "read to its end, not loaded: it is of a whole server";
  return { message, problems: problem === undefined ? [] : [problem] };
}

function describe(headline: string, drilled: readonly Drilled[]): RunResult {
  const isBroken = drilled.some(({ outcome }) => outcome === "failed");
  return {
    outcome: isBroken ? "failed" : "complete",
    headline,
    hint: isBroken
      ? "Look at the newest sets by restore verify, and take a backup that can be restored"
      : undefined,
    problems: drilled.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`)),
    notes: drilled.map(({ name, message, seconds }) => `${name}: ${message} (${seconds.toFixed(1)} s)`),
    findings: [],
    parts: [],
    selection: ["drill"],
  };
}
