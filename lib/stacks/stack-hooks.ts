/** What an admin has run around the backup of a stack: in its containers by their labels, on the host by POST_RESTART_HOOKS. */
import type { Container } from "#lib/core/containers.ts";
import type { Clock, Exec } from "#lib/core/deps.ts";
import { DockerError, isPassing } from "#lib/core/docker-error.ts";
import type { Log } from "#lib/core/log.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { UndoJournal } from "#lib/core/run-context.ts";
import type { ExecPost } from "#lib/core/undo.ts";
import { createDocker, type Docker } from "#lib/stacks/docker.ts";
import { orProblem } from "#lib/stacks/or-problem.ts";

const hookMs = 300_000;
const pollMs = 1000;

/**
 * Run the command of the label `lastgood.exec-pre` or `lastgood.exec-post` in each running container that has it, by the
 * container's own shell. Resolves to what went wrong, a line each.
 */
async function runLabelHooks(
  docker: Docker,
  containers: readonly Container[],
  when: "exec-pre" | "exec-post",
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { id, name, state, labels } of containers) {
    const command = labels[`lastgood.${when}`];
    if (command === undefined || state !== "running") continue;
    const what = `lastgood.${when} of container "${name}"`;
    try {
      const { exitCode, timedOut, stderr } = await docker.run({ id, name }, ["sh", "-c", command], hookMs);
      if (timedOut) problems.push(`${what} did not end within ${hookMs / 1000} s`);
      else if (exitCode !== 0)
        problems.push(`${what} ended with ${exitCode ?? "a signal"}${lastLine(stderr)}`);
    } catch (error) {
      if (!(error instanceof OpsError)) throw error;
      problems.push(`${what}: ${describeError(error)}`);
    }
  }
  return problems;
}

/**
 * `exec-post` of a run that did not come to it, in the containers that are there now: a stack that was taken down has others. An
 * engine that does not answer and a container that does not run are waited for, since at boot both may be starting. Safe to repeat,
 * as far as the commands are. Resolves to what went wrong, a line each; throws OpsError "failed" when it is to be tried again.
 */
export async function runPostHooks(
  docker: Docker,
  entry: ExecPost,
  clock: Clock,
  timeoutMs: number,
): Promise<readonly string[]> {
  const deadline = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const isOver = clock.monotonicMs() >= deadline;
    try {
      const containers = await readProject(docker, entry);
      const idle = describeIdle(containers, entry);
      if (idle.length === 0) return await runLabelHooks(docker, containers, "exec-post");
      if (isOver) {
        const problems = await runLabelHooks(docker, containers, "exec-post");
        const hint = "Start it, then run recover";
        throw new OpsError([...idle, ...problems].join("; "), { outcome: "failed", hint });
      }
    } catch (error) {
      if (isOver || !(error instanceof DockerError) || !isPassing(error)) throw error;
    }
    await clock.sleep(pollMs);
  }
}

async function readProject(docker: Docker, { project }: ExecPost): Promise<readonly Container[]> {
  return (await docker.readContainers()).filter((one) => one.project === project);
}

/** Services whose commands nobody can run at the moment. One that has no container any more has none that waits for them. */
function describeIdle(containers: readonly Container[], { services }: ExecPost): readonly string[] {
  return [...new Set(services)].flatMap((service) => {
    const ones = containers.filter((one) => one.service === service);
    const [first] = ones;
    if (first === undefined || ones.some(({ state }) => state === "running")) return [];
    return `lastgood.exec-post of container "${first.name}" waits for it to run: it is ${first.state}`;
  });
}

/** The commands around one backup of a stack. */
export interface LabelHooks {
  /** What went wrong with `exec-pre`, a line each. */
  readonly problems: readonly string[];
  /** Run `exec-post`; `isRunning` says whether what ran before runs again. Resolves to what went wrong, a line each. */
  readonly end: (isRunning: boolean) => Promise<readonly string[]>;
}

/** What the commands need of a run. */
interface HooksAccess {
  readonly exec: Exec;
  readonly journal: UndoJournal;
  readonly log: Log;
  /** Ends `exec-pre`, never `exec-post`. */
  readonly signal: AbortSignal;
}

/**
 * Run `exec-pre`. What it begins may keep a service from its work until `exec-post` ends it, so that is in the journal before, and
 * stays there for a recovery when docker cannot be asked, or a container does not run again. Throws OpsError "failed" when it cannot
 * be written down.
 */
export async function beginHooks(
  containers: readonly Container[],
  { exec, journal, log, signal }: HooksAccess,
): Promise<LabelHooks> {
  const docker = createDocker({ exec });
  const ended = containers.filter(({ labels }) => labels["lastgood.exec-post"] !== undefined);
  const [first] = ended;
  const services = ended.flatMap(({ state, service }) => (state === "running" ? service : []));
  const entry: ExecPost | undefined = first && { kind: "exec-post", project: first.project, services };
  if (entry !== undefined) await journal.record(entry);
  const end: LabelHooks["end"] = async (isRunning) => {
    if (entry === undefined) return [];
    const failed: string[] = [];
    const now = await orProblem(() => readProject(docker, entry), failed);
    if (now === undefined) return failed;
    const told = await runLabelHooks(docker, now, "exec-post");
    const idle = describeIdle(now, entry);
    // They have been run, whatever the disk of the journal says.
    const forgotten = isRunning && idle.length === 0 ? journal.forget(entry) : Promise.resolve();
    await forgotten.catch((error: unknown) => log.warning("journal.stale", describeError(error)));
    const problems = [...idle, ...told];
    // Nobody reads the report of a source that is given up because the run is stopped.
    for (const problem of problems) log.warning("hook.failed", problem);
    return problems;
  };
  try {
    return { problems: await runLabelHooks(createDocker({ exec, signal }), containers, "exec-pre"), end };
  } catch (error) {
    await end(true);
    throw error;
  }
}

/** Call each hook with the stack's name and directory. Resolves to what went wrong, a line each. */
export async function runHostHooks(
  exec: Exec,
  hooks: readonly string[],
  stack: { readonly name: string; readonly directory: string },
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const hook of hooks) {
    const result = await exec([hook, stack.name, stack.directory], { timeoutMs: hookMs });
    if (result.exitCode === 0) continue;
    const how = result.notFound
      ? "cannot be run"
      : result.timedOut
        ? `did not end within ${hookMs / 1000} s`
        : `ended with ${result.exitCode ?? "a signal"}${lastLine(result.stderr)}`;
    problems.push(`Hook "${hook}" after the restart of "${stack.name}" ${how}`);
  }
  return problems;
}

function lastLine(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return line === "" ? "" : `: ${line}`;
}
