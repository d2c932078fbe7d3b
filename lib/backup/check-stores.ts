import { createAsker } from "#lib/backup/destinations.ts";
import { describeInside, findInside, insideHint } from "#lib/backup/find-inside.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { Finding } from "#lib/core/report.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import type { Source } from "#lib/sources/source.ts";

/** Stores that are directories in a source, by their names: what they have would be in every backup. The others say themselves what is wrong. */
export async function findStoresInside(
  context: RunContext<Settings>,
  sources: readonly Source[],
): Promise<ReadonlyMap<string, Finding>> {
  const found = new Map<string, Finding>();
  for (const { name, address, layout } of context.settings.STORES) {
    if (address.kind !== "directory") continue;
    const place = { path: address.path, layout, host: context.host.name, job: context.settings.JOB };
    const inside = await findInside(createAsker(context), place, sources);
    if (inside === undefined) continue;
    const message = `Cannot use store "${name}" (${address.path}): ${describeInside(address.path, inside)}`;
    found.set(name, { name: "store", passed: false, message, hint: insideHint });
  }
  return found;
}
