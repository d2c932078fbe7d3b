import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import type { RestoreContext } from "#lib/restore/places.ts";

/** What a server's programs are run with, outside of a backup; the name of their source is still to come. */
export function accessRequest(context: RestoreContext, settings: Settings) {
  const { deps, log, signal, runId, childEnvironment, cwd } = context;
  return {
    exec: deps.exec,
    clock: deps.clock,
    signal,
    log,
    timeoutMs: settings.FS_TIMEOUT,
    stallMs: settings.STALL_TIMEOUT,
    runId,
    childEnvironment,
    setDirectory: cwd,
    privateRoot: join(settings.RUNTIME_DIR, runId),
    journal: { record: async () => undefined, forget: async () => undefined },
    alert: () => undefined,
    earlierFacts: [],
  };
}
