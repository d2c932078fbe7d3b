import { createAsker } from "#lib/backup/destinations.ts";
import { describeInside, findInside, insideHint } from "#lib/backup/find-inside.ts";
import type { OpenStore } from "#lib/backup/send-to-stores.ts";
import type { Settings } from "#lib/config/schema.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { Finding } from "#lib/core/report.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import type { Source } from "#lib/sources/source.ts";

export interface StoreInside {
  readonly finding: Finding;
  /** The same, of a store that has been named already. */
  readonly error: OpsError;
}

/** Stores that are directories in a source, by their names: what they have would be in every backup. The others say themselves what is wrong. */
export async function findStoresInside(
  context: RunContext<Settings>,
  sources: readonly Source[],
): Promise<ReadonlyMap<string, StoreInside>> {
  const found = new Map<string, StoreInside>();
  for (const { name, address, layout } of context.settings.STORES) {
    if (address.kind !== "directory") continue;
    const place = { path: address.path, layout, host: context.host.name, job: context.settings.JOB };
    const inside = await findInside(createAsker(context), place, sources);
    if (inside === undefined) continue;
    const words = describeInside(address.path, inside);
    const message = `Cannot use store "${name}" (${address.path}): ${words}`;
    found.set(name, {
      finding: { name: "store", passed: false, message, hint: insideHint },
      error: new OpsError(words, { outcome: "failed", hint: insideHint }),
    });
  }
  return found;
}

/** A store in a source fails as one does that is down: what it lacks waits for it, and is kept. */
export function refuseInside(store: OpenStore, inside: ReadonlyMap<string, StoreInside>): OpenStore {
  const found = inside.get(store.target.name);
  if (found === undefined) return store;
  return { ...store, remote: { ...store.remote, check: () => Promise.reject(found.error) } };
}
