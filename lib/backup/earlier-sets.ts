import type { Destination } from "#lib/backup/destinations.ts";
import { listJobSets } from "#lib/backup/prune-sets.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { Manifest } from "#lib/core/manifest.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { newestFirst } from "#lib/stores/set-listing.ts";

/** Manifests of this job, newest first; a destination that cannot be listed is the preflight's to refuse. */
export async function findEarlier(
  context: RunContext<Settings>,
  { root }: Destination,
): Promise<readonly Manifest[]> {
  try {
    return newestFirst(await listJobSets(context, root)).map(({ manifest }) => manifest);
  } catch (error) {
    context.log.debug("set.unlisted", `Cannot list "${root}": ${describeError(error)}`);
    return [];
  }
}

/** What the last set of everything needed, for the question of room. */
export function lastBytesOf(earlier: readonly Manifest[]): number | undefined {
  const whole = earlier.filter(({ selection }) => selection === undefined);
  const last = whole.find(({ outcome }) => outcome === "complete") ?? whole[0];
  return last?.components.reduce((sum, component) => sum + component.bytesOut, 0);
}
