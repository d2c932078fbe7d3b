/** What state a stack is in. */
import type { Container } from "#lib/core/containers.ts";

export type StackState = "running" | "stopped" | "not-found" | "unknown";

/**
 * One word for a stack from its containers; undefined when docker could not be asked.
 *
 * A state that we do not understand, and a container that is just being removed, make it unknown, and what is unknown is
 * not touched. A paused container lives and holds its memory: it counts as running.
 */
export function judgeStack(containers: readonly Container[] | undefined): StackState {
  if (containers === undefined) return "unknown";
  if (containers.length === 0) return "not-found";
  const states = new Set(containers.map(({ state }) => state));
  if (states.has("unknown") || states.has("removing")) return "unknown";
  const isUp = states.has("running") || states.has("restarting") || states.has("paused");
  return isUp ? "running" : "stopped";
}
