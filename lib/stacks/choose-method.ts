/** Whether a stack may be taken down: only if `up` would bring back exactly what is there now. */
import type { Container } from "#lib/core/containers.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { StackRecord } from "#lib/core/stack-record.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import { countReplicas, locate } from "#lib/stacks/resume-containers.ts";

interface Choice {
  readonly record: StackRecord;
  readonly notes: readonly string[];
}

/**
 * The record as it was planned, or with `stop` in place of `down`, and why.
 *
 * Taking down removes containers: what they were made of must still be there, or the stack would come back as another one, or
 * not at all. Stopping needs nothing but the containers. `containers` are all of the project.
 */
export async function chooseMethod(
  docker: Docker,
  record: StackRecord,
  containers: readonly Container[],
): Promise<Choice> {
  if (record.how !== "down") return { record, notes: [] };
  const reason = await reasonAgainstDown(docker, record, containers);
  if (reason === undefined) return { record, notes: [] };
  const note = `Stack "${record.project}" is stopped instead of taken down: ${reason}`;
  return { record: { ...record, how: "stop" }, notes: [note] };
}

async function reasonAgainstDown(
  docker: Docker,
  record: StackRecord,
  containers: readonly Container[],
): Promise<string | undefined> {
  const recorded = new Set(record.containers.map(({ id }) => id));
  const other = containers.find(
    ({ id, state }) =>
      !recorded.has(id) && (state === "running" || state === "restarting" || state === "paused"),
  );
  if (other !== undefined) return `container "${other.name}" is not to be stopped`;
  const losing = containers.find(({ mounts }) => mounts.some(({ isAnonymous }) => isAnonymous));
  if (losing !== undefined)
    return `container "${losing.name}" has a volume without a name, which it would lose`;
  try {
    const [changed] = await docker.planCreate(locate(record), countReplicas(record));
    return changed === undefined
      ? undefined
      : `its compose file or its image is not what container "${changed}" was made from`;
  } catch (error) {
    if (error instanceof OpsError) return describeError(error);
    throw error;
  }
}
