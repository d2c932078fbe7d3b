/** Names of snapshots and copies that hold a stack's data for as long as it is archived. */

const prefix = ".lastgood-";
const owned = /^\.lastgood-[0-9a-f]{8}-[A-Za-z0-9._-]+$/;
const longestStack = 100;

/** `.lastgood-1a2b3c4d-plex-0`: hidden, and unlike any other of the run. */
export function frozenName(runId: string, stack: string, index: number): string {
  const name = stack.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, longestStack);
  return `${prefix}${runId.slice(0, 8)}-${name}-${index}`;
}

/** Whether a name is such a one: nothing else is ever removed. */
export function isFrozenName(name: string): boolean {
  return owned.test(name);
}

/** Such names as a shell pattern: they are no data. */
export const frozenPattern = `${prefix}${"[0-9a-f]".repeat(8)}-*`;
