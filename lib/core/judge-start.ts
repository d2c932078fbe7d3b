/** Whether a stack is up again, from what docker tells of its containers a while after they were started. */
import type { Container } from "#lib/core/containers.ts";
import type { Match } from "#lib/core/match-record.ts";
import type { RecordedContainer, StackRecord } from "#lib/core/stack-record.ts";

/** What a container was like right after the start: whoever differs later was started again by docker. */
export interface StartMark {
  readonly startedAt: string;
  readonly restartCount: number;
}

export type Verdict =
  /** Up, or ended as it is meant to. */
  | { readonly kind: "up"; readonly note?: string | undefined }
  /** Runs, and its healthcheck has not said yet what it said before the stop. */
  | { readonly kind: "unhealthy"; readonly problem: string }
  | { readonly kind: "down"; readonly problem: string };

/** One container, once docker has had time to see it end. `mark` is of the same container. */
export function judgeStart(
  { recorded, container }: Match,
  mark: StartMark | undefined,
  record: StackRecord,
): Verdict {
  if (container === undefined) return down(`Container "${recorded.name}" is gone`);
  const { name, state, exitCode } = container;
  if (hasEndedWell(container, recorded, record)) {
    return { kind: "up", note: `Container "${name}" did its work again and ended` };
  }
  if (state === "restarting" || isRestarted(container, mark)) {
    const problem = `Container "${name}" ends again and again: ${describeRestarts(container)}`;
    return recorded.wasRestarting ? { kind: "up", note: `${problem}, as it did before` } : down(problem);
  }
  if (state !== "running") {
    const how = state === "exited" ? `exited with exit code ${exitCode}` : state;
    const problem = `Container "${name}" does not run: it is ${how}`;
    const note = `${problem}; it ended again and again before`;
    return recorded.wasRestarting ? { kind: "up", note } : down(problem);
  }
  if (!recorded.wasHealthy || container.health === undefined || container.health === "healthy")
    return { kind: "up" };
  return {
    kind: "unhealthy",
    problem: `Container "${name}" runs, but its healthcheck says: ${container.health}`,
  };
}

/** A one-shot that was at work when the stack was stopped. */
function hasEndedWell(container: Container, recorded: RecordedContainer, record: StackRecord): boolean {
  if (container.state !== "exited" || container.exitCode !== 0) return false;
  const isAwaited = record.containers.some(({ dependsOn }) =>
    dependsOn.some(
      ({ service, condition }) =>
        service === recorded.service && condition === "service_completed_successfully",
    ),
  );
  return isAwaited || recorded.restartPolicy === "on-failure";
}

function isRestarted(container: Container, mark: StartMark | undefined): boolean {
  if (mark === undefined || container.state !== "running") return false;
  return container.restartCount > mark.restartCount || container.startedAt !== mark.startedAt;
}

function describeRestarts({ restartCount, exitCode, state }: Container): string {
  const times = restartCount === 1 ? "once" : `${restartCount} times`;
  return state === "restarting"
    ? `docker started it again ${times}, it ended with exit code ${exitCode}`
    : `docker started it again ${times}`;
}

function down(problem: string): Verdict {
  return { kind: "down", problem };
}
