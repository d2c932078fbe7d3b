/** The last question of a drill of a stack, asked on demand: would it start? Of a copy that reaches neither the stack nor the host. */
import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import type { Component } from "#lib/core/manifest.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { chooseServices, imageOf, planTrial, type TrialPlan } from "#lib/core/plan-trial.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { readDeployment, type StackDeployment } from "#lib/core/stack-deployment.ts";
import { readStackFacts } from "#lib/core/stack-items.ts";
import { formatTrialModel, sourcesOf, type TrialModel } from "#lib/core/trial-model.ts";
import { trialProject } from "#lib/core/trial-name.ts";
import { askFileType } from "#lib/preflight/ask-file-system.ts";
import type { DrilledComponent } from "#lib/restore/drill-component.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { askerOf } from "#lib/restore/target-directory.ts";
import { createDocker } from "#lib/stacks/docker.ts";
import { makeMissing } from "#lib/stacks/make-missing.ts";
import { placeSources, placeVolumes, type RestoredStack } from "#lib/stacks/place-sources.ts";
import { removeTrial } from "#lib/stacks/remove-trial.ts";
import { type ExpectedService, runTrial, type TrialResult } from "#lib/stacks/run-trial.ts";
import { findMissingImages, readTrialModel, requireSight } from "#lib/stacks/trial-compose.ts";
import { writePartialFile } from "#lib/stores/partial-set.ts";

interface Restored {
  readonly component: Component;
  /** Where it has been extracted. */
  readonly scratch: string;
}

/** Throws OpsError "failed" when docker cannot be asked, or the copy not be described. */
export async function drillStart(
  run: RunContext<Settings>,
  context: RestoreContext,
  { component, scratch }: Restored,
): Promise<DrilledComponent> {
  const facts = readStackFacts(component);
  const deployment = readDeployment(component);
  const isIdle = deployment === undefined ? facts["state"] !== "running" : deployment.running.length === 0;
  if (isIdle) return { message: "not started: nothing of it ran when it was backed up", problems: [] };
  const directory = join(scratch, facts.directory);
  const { location, notes: fileNotes } = await locate(context, directory, scratch, deployment);
  const access = { exec: run.deps.exec, signal: run.signal };
  const model = await readTrialModel(location, access);
  const project = trialProject(run.runId, facts.stack);
  const plan = await planCopy(context, { scratch, facts }, model, { project, deployment });
  const notes = [...fileNotes, ...plan.notes];
  if (plan.services.length === 0) return { message: `not started: ${notes.join("; ")}`, problems: [] };
  await makeMissing(askerOf(context), plan.made);
  const file = join(scratch, "lastgood-drill.json");
  await writePartialFile(file, formatTrialModel(plan.model), run.settings.FS_TIMEOUT);
  const startedMs = run.deps.clock.monotonicMs();
  const trial = {
    project,
    directory,
    file,
    expected: expect(plan.services, model, deployment),
    maxAttempts: run.settings.MAX_RESTART_ATTEMPTS,
    retryDelayMs: run.settings.RESTART_RETRY_DELAY,
    timeoutMs: run.settings.DRILL_STACK_TIMEOUT,
  };
  run.log.info("drill.starting", `Starting a copy of stack "${facts.stack}" as "${project}"`);
  const docker = createDocker(access);
  const { result, left } = await withTrial(run, project, async () => {
    for (const image of plan.images.slice(0, 1)) await requireSight(project, scratch, image, access);
    return runTrial(trial, { ...access, docker, clock: run.deps.clock });
  });
  const seconds = (run.deps.clock.monotonicMs() - startedMs) / 1000;
  const services = plan.services.join(", ");
  const how =
    result.problems.length === 0 ? `started as a copy: ${services} well after` : `a copy does not run after`;
  return {
    message: [`${how} ${seconds.toFixed(1)} s`, ...notes, ...result.notes].join("; "),
    problems: [...result.problems.map((problem) => `does not start from this set: ${problem}`), ...left],
  };
}

/** Whatever ends it, what was started is gone or stays in the journal. */
async function withTrial(
  run: RunContext<Settings>,
  project: string,
  body: () => Promise<TrialResult>,
): Promise<{ readonly result: TrialResult; readonly left: readonly string[] }> {
  const entry = { kind: "trial", project } as const;
  await run.journal.record(entry);
  const end = async (): Promise<readonly string[]> => {
    try {
      await removeTrial(project, run.deps);
      await run.journal.forget(entry);
      return [];
    } catch (error) {
      if (!(error instanceof OpsError)) throw error;
      return [[describeError(error), ...(error.hint === undefined ? [] : [error.hint])].join(". ")];
    }
  };
  let result: TrialResult;
  try {
    result = await body();
  } catch (error) {
    for (const line of await end()) run.log.error("drill.left", line);
    throw error;
  }
  return { result, left: await end() };
}

/** By the files that it was deployed with, as far as they have been restored; else as compose finds them. */
async function locate(
  context: RestoreContext,
  directory: string,
  scratch: string,
  deployment: StackDeployment | undefined,
) {
  const { project, configFiles = [], environmentFiles = [] } = deployment ?? {};
  const files = [...configFiles, ...environmentFiles].map((file) => join(scratch, file));
  const found = await Promise.all(files.map((file) => askFileType(askerOf(context), file)));
  const missing = [...configFiles, ...environmentFiles].filter((_, index) => found[index]?.ok !== true);
  const isWhole = missing.length === 0;
  const location = {
    ...(project === undefined ? {} : { project }),
    directory,
    configFiles: isWhole ? files.slice(0, configFiles.length) : [],
    environmentFiles: isWhole ? files.slice(configFiles.length) : [],
  };
  const notes = isWhole ? [] : [`not by ${missing.join(", ")}, which it was deployed with: not in the set`];
  return { location, notes };
}

async function planCopy(
  context: RestoreContext,
  restored: RestoredStack,
  model: TrialModel,
  { project, deployment }: { readonly project: string; readonly deployment: StackDeployment | undefined },
): Promise<TrialPlan> {
  const { deps, signal } = context;
  const chosen = chooseServices(model, deployment?.running);
  const services = chosen.flatMap((name) => {
    const service = model.services?.[name];
    return service === undefined ? [] : [{ name, service }];
  });
  const asker = askerOf(context);
  const sources = services.flatMap(({ service }) => sourcesOf(model, service));
  const images = services.map(({ name, service }) => imageOf(model, name, service));
  return planTrial({
    model,
    project,
    chosen,
    places: await placeSources(asker, restored, sources),
    volumes: await placeVolumes(asker, restored),
    missingImages: await findMissingImages(images, { exec: deps.exec, signal }),
  });
}

/** What ran must run; where that is not known, whatever is started may also end with its work done. */
function expect(
  services: readonly string[],
  model: TrialModel,
  deployment: StackDeployment | undefined,
): readonly ExpectedService[] {
  return services
    .filter((name) => deployment === undefined || deployment.running.includes(name))
    .map((name) => ({
      name,
      restartPolicy: deployment === undefined ? "on-failure" : (model.services?.[name]?.restart ?? "no"),
      mustBeHealthy: deployment?.unhealthy.includes(name) !== true,
    }));
}
