/** Put right what a restore of a stack has left in the middle: all its data as they were, then what ran runs. */
import { DockerError, isPassing } from "#lib/core/docker-error.ts";
import type { StackRecord } from "#lib/core/stack-record.ts";
import type { StackSwap } from "#lib/core/undo.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { createDocker, type Docker } from "#lib/stacks/docker.ts";
import { restartRecorded } from "#lib/stacks/restart-recorded.ts";
import { isActive } from "#lib/stacks/resume-containers.ts";
import { startOptionsOf } from "#lib/stacks/start-options.ts";
import { hasSwapped, removeBoxes, rollBackSwaps } from "#lib/stores/swap-paths.ts";

const enginePollMs = 1000;

/**
 * Resolves to notes on what was done. Safe to repeat. When it throws, the stack has not been started: half of its data may be
 * new.
 */
export async function undoStackSwap(
  entry: StackSwap,
  { deps }: Session,
  { settings }: Job,
): Promise<readonly string[]> {
  const { stack, stopped } = entry;
  const { clock } = deps;
  const access = { exec: deps.exec, timeoutMs: settings.FS_TIMEOUT };
  const start = startOptionsOf(settings);
  const docker = createDocker({ exec: deps.exec });
  const notes: string[] = [];
  if (await hasSwapped(entry, access)) {
    if (stopped !== undefined) {
      const deadline = clock.monotonicMs() + start.engineTimeoutMs;
      await stopWhatRuns(docker, stopped.record, () =>
        clock.monotonicMs() < deadline ? clock.sleep(enginePollMs) : undefined,
      );
    }
    notes.push(...(await rollBackSwaps(entry, access)));
    notes.push(`Put back what was to be replaced of stack "${stack}": ${describeTargets(entry)}`);
  } else {
    notes.push(`Of stack "${stack}" nothing was replaced`);
  }
  await removeBoxes(entry, access);
  if (stopped !== undefined) notes.push(...(await restartRecorded(stopped, { docker, clock, start })));
  return notes;
}

/** They have been started with what is about to be taken away again. An engine that does not answer may be starting. */
async function stopWhatRuns(
  docker: Docker,
  { containers }: StackRecord,
  wait: () => Promise<void> | undefined,
): Promise<void> {
  for (;;) {
    try {
      const known = await docker.inspectContainers(containers.map(({ id }) => id));
      return await docker.stop(known.filter(isActive));
    } catch (error) {
      const pause = error instanceof DockerError && isPassing(error) ? wait() : undefined;
      if (pause === undefined) throw error;
      await pause;
    }
  }
}

function describeTargets({ swaps }: StackSwap): string {
  return swaps.map(({ target }) => target).join(", ");
}
