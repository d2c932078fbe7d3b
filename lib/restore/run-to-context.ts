import { dirname, join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import type { RestoreContext } from "#lib/restore/places.ts";

/** What the commands of `restore` are given, for one that is a run of its job. */
export async function contextOf(run: RunContext<Settings>): Promise<RestoreContext> {
  const { deps, log, progress, host, runId, startedAt, isDryRun, signal, childEnvironment, settings } = run;
  const id = await deps.exec(["id", "-u"], { timeoutMs: settings.FS_TIMEOUT, signal });
  return {
    deps,
    log,
    progress,
    host,
    runId,
    startedAt,
    isDryRun,
    signal,
    childEnvironment,
    settings,
    isRoot: id.stdout.trim() === "0",
    cwd: dirname(settings.APP_DIR ?? "/"),
    cacheDirectory: join(settings.STATE_DIR, settings.JOB, "listings-restore"),
    operands: run.operator.operands,
    flags: run.operator.flags,
    operator: run.operator,
  };
}
