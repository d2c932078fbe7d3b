/** Which containers of a stack are stopped for its backup, and which run on. */
import type { Container } from "#lib/core/containers.ts";
import { dumpLabelProblem, isDumped } from "#lib/core/dump-label.ts";
import type { RecordedContainer, StackRecord, StopMethod } from "#lib/core/stack-record.ts";
import { skipLabel, skipValues } from "#lib/core/stack-uses.ts";
import { orderForStart } from "#lib/core/start-order.ts";

export interface StopPlan {
  /** Absent when nothing has to be stopped. */
  readonly record: StackRecord | undefined;
  /** One line for each container that runs on, or is treated otherwise than its labels say. */
  readonly notes: readonly string[];
}

/** Labels that an admin sets on a service to keep it running. */
const keepLabels: readonly (readonly [label: string, values: RegExp, reason: string])[] = [
  [skipLabel, skipValues, "its label lastgood.skip says so"],
  ["lastgood.stop", /^(?:false|no|off|0)$/i, "its label lastgood.stop=false says so"],
];

/**
 * What is stopped: whatever runs, or is being restarted again and again, and belongs to what `up` made.
 *
 * What is paused was paused by somebody and stays so. A container of `docker compose run` is somebody's work in progress,
 * and one that docker removes when it stops could not be started again. One that shares the network of a stopped one
 * would lose it for good, so it is stopped as well, whatever its labels say. One that is being restarted cannot be paused.
 *
 * With `now`, the record knows of containers that end again and again also when they happen to run at the moment.
 */
export function planStop(containers: readonly Container[], how: StopMethod, now?: Date): StopPlan {
  const notes: string[] = [];
  const active = containers.filter(
    ({ state }) => state === "running" || (state === "restarting" && how !== "pause"),
  );
  for (const { name } of containers.filter(({ state }) => state === "paused")) {
    notes.push(`Container "${name}" is paused and stays so`);
  }
  const kept = new Map<Container, string>();
  for (const container of active) {
    const reason = reasonToKeep(container);
    if (reason !== undefined) kept.set(container, reason);
  }
  // A pause leaves networks as they are.
  for (const [container, reason] of how === "pause" ? [] : takeOwned(kept, active)) {
    const why = "it lives in the network of one that is stopped";
    notes.push(`Container "${container.name}" is stopped although ${reason}: ${why}`);
  }
  for (const [{ name }, reason] of kept) notes.push(`Container "${name}" runs on: ${reason}`);
  for (const container of active) notes.push(...[dumpLabelProblem(container) ?? []].flat());
  const chosen = orderForStart(active.filter((container) => !kept.has(container)));
  const [first] = chosen;
  if (first === undefined) return { record: undefined, notes };
  const { project, workingDir, configFiles, environmentFiles } = first;
  const record: StackRecord = {
    project,
    ...(workingDir === undefined ? {} : { directory: workingDir }),
    configFiles: [...configFiles],
    environmentFiles: [...environmentFiles],
    how,
    containers: chosen.map((container) => toRecord(container, now)),
  };
  return { record, notes };
}

function reasonToKeep(container: Container): string | undefined {
  const { isOneOff, isAutoRemoved, labels } = container;
  if (isDumped(container)) return "it is dumped while it runs (label lastgood.dump)";
  if (isOneOff) return "it was started by docker compose run";
  if (isAutoRemoved) return "docker would remove it when it stops";
  return keepLabels.find(([label, values]) => values.test(labels[label] ?? ""))?.[2];
}

/** Take out of `kept` what lives in the network of a stopped container, and can be started again. */
function takeOwned(kept: Map<Container, string>, active: readonly Container[]): [Container, string][] {
  const isOwned = ({ networkOwner, isAutoRemoved }: Container) =>
    !isAutoRemoved && active.some((owner) => owner.id === networkOwner && !kept.has(owner));
  const taken = [...kept].filter(([container]) => isOwned(container));
  for (const [container] of taken) kept.delete(container);
  return taken;
}

function toRecord(container: Container, now: Date | undefined): RecordedContainer {
  const { id, name, service, dependsOn, networkOwner, restartPolicy, stopTimeoutMs, health, state } =
    container;
  return {
    id,
    name,
    service,
    dependsOn: [...dependsOn],
    ...(networkOwner === undefined ? {} : { networkOwner }),
    restartPolicy,
    stopTimeoutMs,
    wasHealthy: health === "healthy",
    wasRestarting: state === "restarting" || isJustRestarted(container, now),
  };
}

/** Docker itself waits at most so long between two starts. */
const restartedMs = 60_000;

function isJustRestarted({ restartCount, startedAt }: Container, now: Date | undefined): boolean {
  return restartCount > 0 && now !== undefined && now.getTime() - Date.parse(startedAt) < restartedMs;
}
