/** Stacks that should run and do not. */
import { nameComponent } from "#lib/core/component-name.ts";
import type { Container } from "#lib/core/containers.ts";
import type { HealthFinding } from "#lib/core/health.ts";
import type { JobRecord } from "#lib/core/job-record.ts";
import { isWholeBackup } from "#lib/core/run-history.ts";
import type { JobView } from "#lib/health/job-view.ts";

/** The name under which it is remembered. */
export const stacksFinding = "stacks";

/** Docker starts these again by itself: whoever made them wants them to run. */
const lasting = new Set(["always", "unless-stopped"]);

export function judgeStacks({ settings, record, facts }: JobView): readonly HealthFinding[] {
  const { STACKS_DIR, STACKS_MAY_REST } = settings;
  const name = stacksFinding;
  const reading = STACKS_DIR === undefined ? undefined : facts.stacks.get(STACKS_DIR);
  if (reading === undefined) return [];
  if ("problem" in reading) {
    const hint = "Is the engine running (systemctl status docker), and may this user ask it?";
    return [{ name: "docker", severity: "critical", message: reading.problem, hint }];
  }
  const good: HealthFinding = { name: "docker", severity: "ok", message: "Docker answers" };
  // Its run stops stacks, and starts them again.
  if (record.lock.isHeld) return [good];
  const isSkipped = (stack: string) =>
    settings.STACKS_SKIP.includes(stack) || STACKS_MAY_REST.includes(stack);
  const ranBefore = findStopped(record);
  const down = reading.stacks
    .filter((stack) => !isSkipped(stack.name))
    .flatMap((stack) => {
      const troubled = stack.containers.filter(isTroubled).map(describeContainer);
      const isGone =
        stack.containers.every(({ isOneOff }) => isOneOff) && ranBefore.has(nameComponent(stack.name));
      const trouble = isGone ? ["its containers are gone"] : troubled;
      return trouble.length === 0 ? [] : [`${stack.name} (${trouble.join(", ")})`];
    });
  if (down.length === 0) return [good, { name, severity: "ok", message: "Every stack that should run runs" }];
  const message = `Not running as it should: ${down.join("; ")}`;
  const hint = "docker compose up -d in its directory; STACKS_MAY_REST names stacks that need not run";
  return [good, { name, severity: "critical", message, hint }];
}

/**
 * Components whose stacks the last backup that came to them stopped: they ran. Those that are down without a container docker
 * knows nothing of, and a backup that was refused before it looked says nothing of either.
 */
function findStopped({ history }: JobRecord): ReadonlySet<string> {
  const parts = history.runs.filter(isWholeBackup).flatMap((run) => run.parts);
  const last = new Map(parts.map((part) => [part.name, part]));
  const stopped = [...last.values()].filter(({ windowSeconds }) => windowSeconds !== undefined);
  return new Set(stopped.map(({ name }) => name));
}

function isTroubled({ state, health, restartPolicy, isOneOff }: Container): boolean {
  if (isOneOff || !lasting.has(restartPolicy)) return false;
  return !(state === "running" && health !== "unhealthy");
}

function describeContainer({ service, state, health }: Container): string {
  return `${service} ${state === "running" ? health : state}`;
}
