/** Start what a dead run stopped, with nothing but its journal and an engine. */
import type { Clock } from "#lib/core/deps.ts";
import { DockerError } from "#lib/core/docker-error.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { StoppedStack } from "#lib/core/undo.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import { type StartOptions, startStack } from "#lib/stacks/start-stack.ts";

interface Access {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly start: StartOptions;
}

/**
 * Resolves to what was done; nothing when everything runs. Safe to repeat. Throws OpsError "failed", with the command for a
 * person as its hint, when it does not run.
 */
export async function restartRecorded(stopped: StoppedStack, access: Access): Promise<readonly string[]> {
  const { record } = stopped;
  await finishStopping(stopped, access);
  const { confirm } = await startStack(access, record, access.start);
  const { isRunning, problems, notes, attempts, manualCommand } = await confirm();
  const names = record.containers.map(({ name }) => name).join(", ");
  if (isRunning) return [`Stack "${record.project}" runs as before: ${names}`, ...notes];
  throw new OpsError(
    `Stack "${record.project}" does not run after ${attempts} ${attempts === 1 ? "attempt" : "attempts"}: ${problems.join("; ")}`,
    { outcome: "failed", hint: manualCommand },
  );
}

/**
 * A run that died while it stopped the stack leaves a request with the engine, which goes on with it: what seems to run may
 * be about to end, seconds after we called it well. Asked to stop once more, the engine answers when that is over. What has
 * been started since the run looked is left alone.
 */
async function finishStopping({ record, startedAt }: StoppedStack, { docker }: Access): Promise<void> {
  if (record.how !== "stop") return;
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
