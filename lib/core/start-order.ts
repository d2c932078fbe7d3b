/** In which order the containers of a stack start; they stop in the reverse. */
import type { Dependency } from "#lib/core/containers.ts";

/** What the order depends on, of a container or of a record of one. */
export interface Ordered {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly dependsOn: readonly Dependency[];
  readonly networkOwner?: string | undefined;
}

/**
 * Levels: a container depends on nothing but containers of earlier levels.
 *
 * Only those given count: what did not run before is not waited for. Whatever is in a cycle, or behind one, starts together in
 * a last level rather than never.
 */
export function planLevels<Item extends Ordered>(containers: readonly Item[]): Item[][] {
  const levels: Item[][] = [];
  let waiting = [...containers].sort((a, b) => (a.name < b.name ? -1 : 1));
  while (waiting.length > 0) {
    const ready = waiting.filter((one) => !waiting.some((other) => dependsOn(one, other)));
    const level = ready.length > 0 ? ready : waiting;
    levels.push(level);
    const started = new Set(level);
    waiting = waiting.filter((item) => !started.has(item));
  }
  return levels;
}

/** The same in one row. */
export function orderForStart<Item extends Ordered>(containers: readonly Item[]): Item[] {
  return planLevels(containers).flat();
}

function dependsOn(one: Ordered, other: Ordered): boolean {
  if (one.id === other.id) return false;
  if (one.networkOwner === other.id) return true;
  return one.dependsOn.some(({ service }) => service === other.service && one.service !== other.service);
}
