/**
 * Stop what a record names, in the reverse of the order in which it starts.
 *
 * The record is in the journal before. Whether this ends well or throws, some of it may be stopped: the caller starts the stack
 * afterwards in any case (`startStack`), which does nothing to what runs.
 */
import type { Container } from "#lib/core/containers.ts";
import { DockerError } from "#lib/core/docker-error.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { StackRecord } from "#lib/core/stack-record.ts";
import { skipLabel, skipValues } from "#lib/core/stack-uses.ts";
import { planLevels } from "#lib/core/start-order.ts";
import type { StoppedStack } from "#lib/core/undo.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import { isActive, locate, readRecorded } from "#lib/stacks/resume-containers.ts";

/** Stop, pause or take down. Throws OpsError "failed" when docker refuses. */
export async function stopStack(docker: Docker, record: StackRecord): Promise<void> {
  const levels = planLevels(record.containers).reverse();
  if (record.how === "down") {
    const stopTimeoutMs = levels.reduce(
      (sum, level) => sum + Math.max(...level.map((container) => container.stopTimeoutMs)),
      0,
    );
    await docker.down(locate(record), stopTimeoutMs);
  }
  for (const level of record.how === "down" ? [] : levels) {
    if (record.how === "stop") await docker.stop(level);
    else for (const container of level) await docker.pause(container);
  }
}

/** Throws OpsError "failed" when something of it runs after all, or docker cannot say. */
export async function requireStopped(docker: Docker, record: StackRecord): Promise<void> {
  const active = (await readRecorded(docker, record)).flatMap(({ container }) =>
    container !== undefined && isActive(container) ? container : [],
  );
  if (active.length === 0) return;
  const act = record.how === "down" ? "take down" : record.how;
  throw new OpsError(`Cannot ${act} stack "${record.project}": ${describeActive(active)}`, {
    outcome: "failed",
    hint: "Does something else start its containers, such as an updater or a person?",
  });
}

/**
 * Names of the containers that run by now of a stack of which nothing ran `before`, and there may have been none: another job may
 * have taken it down. None where something was to run on.
 */
export async function listStarted(
  docker: Docker,
  before: readonly Container[],
  directory: string | undefined,
): Promise<readonly string[]> {
  if (before.some(isActive)) return [];
  const projects = new Set(before.map(({ project }) => project));
  const isMeant = ({ project, workingDir, labels }: Container) =>
    (projects.has(project) || (workingDir !== undefined && workingDir === directory)) &&
    !skipValues.test(labels[skipLabel] ?? "");
  const now = await docker.readContainers();
  return now.flatMap((one) => (isMeant(one) && isActive(one) ? one.name : []));
}

function describeActive(active: readonly Container[]): string {
  return active.map(({ name, state }) => `container "${name}" is ${state}`).join(", ");
}

/**
 * Who asked for a stop and did not wait for its end leaves the engine at it: what seems to run may be about to end, seconds
 * after we called it well. Asked to stop once more, the engine answers when that is over. What has been started since the
 * run looked is left alone.
 */
export async function finishStopping(docker: Docker, { record, startedAt }: StoppedStack): Promise<void> {
  // A pause takes no time.
  if (record.how === "pause") return;
  try {
    const containers = await docker.inspectContainers(record.containers.map(({ id }) => id));
    await docker.stop(
      containers.filter(({ id, state, startedAt: at }) => state === "running" && startedAt[id] === at),
    );
  } catch (error) {
    // Starting them has the patience for an engine that does not answer yet, and says so when it never does.
    if (!(error instanceof DockerError)) throw error;
  }
}
