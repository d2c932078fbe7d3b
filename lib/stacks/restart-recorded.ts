/** Start what a dead run stopped, with nothing but its journal and an engine. */
import type { Clock } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { StoppedStack } from "#lib/core/undo.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import { type StartOptions, startStack } from "#lib/stacks/start-stack.ts";
import { finishStopping } from "#lib/stacks/stop-stack.ts";

interface Access {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly start: StartOptions;
}

/**
 * Resolves to what is so now. Safe to repeat. Throws OpsError "failed", with the command for a
 * person as its hint, when it does not run.
 */
export async function restartRecorded(stopped: StoppedStack, access: Access): Promise<readonly string[]> {
  const { record } = stopped;
  await finishStopping(access.docker, stopped);
  const { confirm } = await startStack(access, record, access.start);
  const { isRunning, problems, notes, attempts, manualCommand } = await confirm();
  const names = record.containers.map(({ name }) => name).join(", ");
  if (isRunning) return [`Stack "${record.project}" runs as before: ${names}`, ...notes];
  throw new OpsError(
    `Stack "${record.project}" does not run after ${attempts} ${attempts === 1 ? "attempt" : "attempts"}: ${problems.join("; ")}`,
    { outcome: "failed", hint: `Start it by hand: ${manualCommand}` },
  );
}
