/** What is to be stopped, as it is at the moment: between the plan and the stop lie commands, and maybe hours of copying. */
import type { Container } from "#lib/core/containers.ts";
import type { Clock } from "#lib/core/deps.ts";
import type { StackRecord } from "#lib/core/stack-record.ts";
import { planStop } from "#lib/core/stop-plan.ts";
import type { StoppedStack } from "#lib/core/undo.ts";
import { chooseMethod } from "#lib/stacks/choose-method.ts";
import type { Docker } from "#lib/stacks/docker.ts";

export interface ReadRecord extends Pick<StoppedStack, "record" | "startedAt"> {
  readonly notes: readonly string[];
  /** All of its project at that moment. */
  readonly containers: readonly Container[];
}

/**
 * The record for what runs now of the project of `planned`: an updater may have made a container anew, a person have started
 * one more, a job have ended, which is not to be started again. Throws DockerError.
 */
export async function readRecord(docker: Docker, planned: StackRecord, clock: Clock): Promise<ReadRecord> {
  const containers = (await docker.readContainers()).filter(({ project }) => project === planned.project);
  const running = planStop(containers, planned.how, clock.now()).record;
  // Somebody else has stopped all of it: there is nothing to stop, and nothing to start.
  const idle: StackRecord = { ...planned, how: "stop", containers: [] };
  const { record, notes } = await chooseMethod(docker, running ?? idle, containers);
  return {
    record,
    startedAt: Object.fromEntries(containers.map(({ id, startedAt }) => [id, startedAt])),
    notes,
    containers,
  };
}
