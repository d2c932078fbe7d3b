/** Start what a dead run stopped, with nothing but its journal and an engine. */
import type { Clock } from "#lib/core/deps.ts";
import { describeFailedStart, hintOnFailedStart } from "#lib/core/describe-alert.ts";
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
  const end = await confirm();
  const names = record.containers.map(({ name }) => name).join(", ");
  if (end.isRunning) return [`Stack "${record.project}" runs as before: ${names}`, ...end.notes];
  throw new OpsError(describeFailedStart(record.project, end), {
    outcome: "failed",
    hint: hintOnFailedStart(end),
  });
}
