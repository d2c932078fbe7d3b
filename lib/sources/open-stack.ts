/** Get one stack ready to be archived: hooks, stop, freeze; start, when its data are held or have been read. */
import type { Container } from "#lib/core/containers.ts";
import { isDumped } from "#lib/core/dump-label.ts";
import { type FreezePlan, freezeMeasurementSchema } from "#lib/core/freeze.ts";
import { planFreeze } from "#lib/core/freeze-plan.ts";
import { once } from "#lib/core/once.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { tarProof } from "#lib/core/proof.ts";
import { describeDeployment } from "#lib/core/stack-deployment.ts";
import { planStop } from "#lib/core/stop-plan.ts";
import { findIntruders, type HeldStack, holdStack } from "#lib/sources/hold-stack.ts";
import type { OpenSource, SourceAccess } from "#lib/sources/source.ts";
import type { StackSettings } from "#lib/sources/stack-settings.ts";
import { createDocker } from "#lib/stacks/docker.ts";
import type { FrozenRoot } from "#lib/stacks/freezer.ts";
import { readRecord } from "#lib/stacks/read-record.ts";
import type { StackReading } from "#lib/stacks/read-stacks.ts";
import { stackArchive } from "#lib/stacks/stack-archive.ts";
import { beginHooks, type LabelHooks, runHostHooks } from "#lib/stacks/stack-hooks.ts";
import { startOptionsOf } from "#lib/stacks/start-options.ts";
import { surveyRoots } from "#lib/stacks/survey-roots.ts";

/** Throws OpsError "failed"; whatever ran then runs again. */
export async function openStack(
  reading: StackReading,
  settings: StackSettings,
  access: SourceAccess,
  dumped: ReadonlySet<string>,
): Promise<OpenSource> {
  const { name, containers, roots } = reading;
  const problems = [...reading.problems, ...findMissed(containers, dumped)];
  if (reading.state === "unknown") {
    throw new OpsError(
      `Cannot tell whether stack "${name}" runs, so it is not touched: ${reading.problems[0] ?? "docker does not say"}`,
      { outcome: "failed", hint: "docker compose ls --all" },
    );
  }
  const planned = planStop(containers, settings.STACK_STOP, access.clock.now());
  const notes = [...reading.notes, ...planned.notes];
  const archive = (frozen: readonly FrozenRoot[]) => tarOf(reading, frozen, settings);
  // What has been begun is ended: docker hears of no signal of the run.
  const docker = createDocker({ exec: access.exec });
  const { record } = planned;
  if (record === undefined) {
    const hooks = await beginHooks(containers, access);
    const lying = roots.map(({ path }) => ({ original: path, frozen: path }));
    const settle = async () => {
      const intruders = await findIntruders(docker, containers, reading);
      const failed = await hooks.end(true);
      return {
        problems: [...intruders, ...failed],
        notes: [],
        facts: {},
        windowSeconds: undefined,
      };
    };
    const release = once(async () => ({ settled: settle() }));
    return { ...archive(lying), problems: [...problems, ...hooks.problems], notes, release };
  }
  const plan = await planStack(reading, settings, access);
  const callHost = () => runHostHooks(access.exec, settings.POST_RESTART_HOOKS, reading);
  let hooks: LabelHooks = { problems: [], end: async () => [] };
  let [mayBeStopped, isDown] = [false, false];
  let held: HeldStack;
  try {
    held = await holdStack({
      access,
      docker,
      name,
      readRecord: async () => {
        // What they begin lasts no longer than it must: until here, its data may have been copied for hours.
        hooks = await beginHooks(containers, access);
        const read = await readRecord(docker, record, access.clock);
        mayBeStopped = true;
        return read;
      },
      plan,
      excludes: settings.STACK_EXCLUDES,
      start: startOptionsOf(settings),
      maxWindowMs: settings.STACK_MAX_WINDOW,
      onDown: (alert) => {
        isDown = true;
        access.alert(alert);
      },
      afterEnd: async (isRunning) => ({
        notes: isRunning ? await callHost() : [],
        problems: await hooks.end(isRunning),
      }),
    });
  } catch (error) {
    const told = mayBeStopped && !isDown ? await callHost() : [];
    throw addProblems(error, [...told, ...(await hooks.end(!isDown))]);
  }
  return {
    ...archive(held.frozen.roots),
    problems: [...problems, ...hooks.problems],
    notes: [
      ...notes,
      ...held.notes,
      `Freeze of stack "${name}": ${plan.why}`,
      ...plan.notes,
      ...held.frozen.notes,
    ],
    giveUp: held.giveUp,
    release: once(held.release),
  };
}

/** What failed of the commands is told with why the stack could not be held. */
function addProblems(error: unknown, problems: readonly string[]): unknown {
  if (!(error instanceof OpsError) || problems.length === 0) return error;
  const { message, outcome, hint, cause } = error;
  return new OpsError(message, { outcome, hint, problems: [...error.problems, ...problems], cause });
}

/** What is to be dumped and was not there when that was planned. */
function findMissed(containers: readonly Container[], dumped: ReadonlySet<string>): string[] {
  const missed = containers.filter((container) => isDumped(container) && !dumped.has(container.name));
  return missed.map(
    ({ name }) =>
      `Container "${name}" was started after the backup: its database is neither dumped nor archived`,
  );
}

/** How its data would be held still at this moment. Throws OpsError "failed". */
export async function planStack(
  { roots }: StackReading,
  settings: StackSettings,
  access: Pick<
    SourceAccess,
    "exec" | "signal" | "timeoutMs" | "stallMs" | "childEnvironment" | "earlierFacts"
  >,
): Promise<FreezePlan> {
  const facts = await surveyRoots(
    roots.map(({ path }) => path),
    {
      ...access,
      env: access.childEnvironment,
      excludes: settings.STACK_EXCLUDES,
      stagingDir: settings.STACK_STAGING_DIR,
      spareDir: settings.BACKUP_DIR,
    },
  );
  const history = access.earlierFacts.flatMap(
    (earlier) => freezeMeasurementSchema.safeParse(earlier["freeze"]).data ?? [],
  );
  return planFreeze(facts, history, settings.STACK_FREEZE);
}

function tarOf(reading: StackReading, frozen: readonly FrozenRoot[], settings: StackSettings) {
  const { name, directory, state, containers, definition, roots, leftOut } = reading;
  const deployment = describeDeployment(containers);
  return {
    ...stackArchive({ roots: frozen, definition, excludes: settings.STACK_EXCLUDES }),
    proof: tarProof,
    facts: {
      stack: name,
      directory,
      state,
      ...(deployment === undefined ? {} : { deployment }),
      definition,
      roots: roots.map(({ path, origin, name: title }) => ({ path, origin, name: title })),
      leftOut: leftOut.map(({ path, reason }) => ({ path, reason })),
    },
  } as const;
}
