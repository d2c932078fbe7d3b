import { join } from "node:path";
import type { OpenStore } from "#lib/backup/send-to-stores.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { createRemote } from "#lib/stores/registry.ts";

/** Every store of the job. */
export function openStores({ settings, deps, childEnvironment }: RunContext<Settings>): OpenStore[] {
  return settings.STORES.map((target) => ({
    target,
    remote: createRemote(target, {
      exec: deps.exec,
      clock: deps.clock,
      env: childEnvironment,
      cacheDirectory: join(settings.STATE_DIR, settings.JOB, "listings", target.name),
    }),
  }));
}
