import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import type { Session } from "#lib/run/session.ts";

/** What a server's programs are run with to put right what was left in the middle; the name of their source is still to come. */
export function undoAccess({ deps, log, runId, childEnvironment }: Session, settings: Settings) {
  return {
    exec: deps.exec,
    clock: deps.clock,
    // Whoever stops the run does not stop this.
    signal: new AbortController().signal,
    log,
    timeoutMs: settings.FS_TIMEOUT,
    stallMs: settings.STALL_TIMEOUT,
    runId,
    childEnvironment,
    setDirectory: "/",
    privateRoot: join(settings.RUNTIME_DIR, `undo-${runId}`),
    journal: { record: async () => undefined, forget: async () => undefined },
    alert: () => undefined,
    earlierFacts: [],
  };
}
