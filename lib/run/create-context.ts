import type { Settings } from "#lib/config/schema.ts";
import type { Progress, RunContext, UndoJournal } from "#lib/core/run-context.ts";
import { createOperator } from "#lib/run/operator.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { packageVersion } from "#lib/run/version.ts";
import { findMarkedProcesses, guardianMark, runMark } from "#lib/tools/processes.ts";

/** For what has no effect and so nothing to undo. */
export const noJournal: UndoJournal = { record: async () => undefined, forget: async () => undefined };

interface ContextParts {
  readonly isDryRun: boolean;
  readonly progress: Progress;
  readonly journal: UndoJournal;
  readonly alert: RunContext<Settings>["alert"];
  readonly selection?: readonly string[] | undefined;
}

/** What a use case is given. */
export function createContext(session: Session, job: Job, parts: ContextParts): RunContext<Settings> {
  return {
    deps: session.deps,
    log: session.log,
    settings: job.settings,
    settingsHash: job.settingsHash,
    runId: session.runId,
    startedAt: session.startedAt,
    host: job.host,
    tool: { version: packageVersion, runtime: session.world.runtime },
    signal: session.signal,
    childEnvironment: session.childEnvironment,
    operator: createOperator(session),
    isRunAlive,
    ...parts,
  };
}

/** A run lives while any process bears its mark: its children do, and the guardian that watches it. */
async function isRunAlive(runId: string): Promise<boolean> {
  const marked = await Promise.all([
    findMarkedProcesses(runMark, runId),
    findMarkedProcesses(guardianMark, runId),
  ]);
  return marked.flat().length > 0;
}
