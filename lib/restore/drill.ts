/**
 * `restore drill`: a set restored where it harms nobody, and looked at; the only proof that it can be.
 *
 * A run as any other, under the job's lock: what it starts and writes goes with it, however it ends.
 */
import { join, resolve } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import { chooseForDrill } from "#lib/core/drill-choice.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { combineOutcomes } from "#lib/core/outcome.ts";
import { bytesNeeded, planRestore } from "#lib/core/restore-plan.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import { type ChosenSet, chooseAmong, warnOfUnusable } from "#lib/restore/choose-found.ts";
import { type Drilled, drillPart } from "#lib/restore/drill-part.ts";
import { fetchSet } from "#lib/restore/fetch-set.ts";
import { findSets } from "#lib/restore/find-sets.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { listFlag } from "#lib/restore/restore-flags.ts";
import { contextOf } from "#lib/restore/run-to-context.ts";
import { checkTarget, makeDirectory } from "#lib/restore/target-directory.ts";
import { type DrillRecord, readDrills, recordDrill } from "#lib/stores/drill-record.ts";
import { removePartialSet } from "#lib/stores/partial-set.ts";

/** On a disk, not in memory: a set may be large. */
const usualPlace = "/var/tmp";

export async function drill(run: RunContext<Settings>): Promise<RunResult> {
  const context = await contextOf(run);
  const { flags } = context;
  const recordFile = join(run.settings.STATE_DIR, run.settings.JOB, "drill.json");
  const { chosen, choice, why } = await choose(context, recordFile);
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
  const said = `${stampOf(manifest)} is ${why}`;
  if (run.isDryRun) return describe(`Would restore ${stampOf(manifest)} into ${directory}`, [said], []);
  run.log.info("drill.set", said);
  const scratch = { kind: "private", path: directory } as const;
  await run.journal.record(scratch);
  const startedMs = run.deps.clock.monotonicMs();
  const drilled: Drilled[] = [];
  try {
    await makeDirectory(context, directory);
    const components = parts.map(({ component }) => component);
    const files = await fetchSet(context, copies, components, directory);
    for (const [index, component] of components.entries()) {
      // Not in the drill's directory, which is closed: the user of a database server has to get there. And short, for its socket.
      const beside = `${directory}-${index + 1}`;
      drilled.push(await drillPart(run, context, { component, files, scratch: beside }));
    }
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof OpsError)) throw error;
    // Recorded as well: else the next drill would take the same set again, and none would ever try another.
    const problems = [describeError(error), ...error.problems];
    drilled.push({ name: stampOf(manifest), outcome: "failed", message: "unusable", problems, seconds: 0 });
  } finally {
    await removePartialSet(directory, run.settings.FS_TIMEOUT * 10);
    await run.journal.forget(scratch);
  }
  const seconds = (run.deps.clock.monotonicMs() - startedMs) / 1000;
  const outcome = combineOutcomes(drilled.map((one) => one.outcome));
  const isBroken = drilled.some((one) => one.outcome === "failed");
  await recordDrill(recordFile, {
    at: run.deps.clock.now().toISOString(),
    set: stampOf(manifest),
    runId: manifest.runId,
    choice,
    outcome: isBroken ? "failed" : outcome,
    seconds,
    components: drilled.map(({ name, outcome: each, message, problems }) => ({
      name,
      outcome: each,
      message,
      problems: [...problems],
    })),
  });
  const comparing = drilled.reduce((sum, { comparingMs = 0 }) => sum + comparingMs, 0) / 1000;
  const recovery = `${(seconds - comparing).toFixed(1)} s, which a recovery would take as well`;
  const what = `${stampOf(manifest)} restored in ${recovery}, and compared in ${comparing.toFixed(1)} s`;
  return describe(
    isBroken ? `The set ${stampOf(manifest)} cannot be restored as it should be` : what,
    [said],
    drilled,
  );
}

interface Choice {
  readonly chosen: ChosenSet;
  readonly choice: NonNullable<DrillRecord["choice"]>;
  /** What the set is, in words. */
  readonly why: string;
}

/** The set that is named, or the one whose turn it is. */
async function choose(context: RestoreContext, recordFile: string): Promise<Choice> {
  const found = await findSets(context);
  const [, named] = context.operands;
  if (named !== undefined)
    return { chosen: chooseAmong(found, named), choice: "named", why: "the one that was named" };
  warnOfUnusable(context, found);
  const manifests = found.sets.map(({ manifest }) => manifest);
  const { runId, choice, why } = chooseForDrill(manifests, (await readDrills(recordFile)).drills);
  return { chosen: chooseAmong(found, runId ?? "latest-good"), choice, why };
}

function describe(headline: string, said: readonly string[], drilled: readonly Drilled[]): RunResult {
  const isBroken = drilled.some(({ outcome }) => outcome === "failed");
  return {
    outcome: isBroken ? "failed" : "complete",
    headline,
    hint: isBroken
      ? "Look at the newest sets by restore verify, and take a backup that can be restored"
      : undefined,
    problems: drilled.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`)),
    notes: [
      ...said,
      ...drilled.map(({ name, message, seconds }) => `${name}: ${message} (${seconds.toFixed(1)} s)`),
    ],
    findings: [],
    parts: [],
    selection: ["drill"],
  };
}
