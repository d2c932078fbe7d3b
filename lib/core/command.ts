/** What a command that works with or without a job is given: it reads, asks and prints. */
import type { Deps } from "#lib/core/deps.ts";
import type { Log } from "#lib/core/log.ts";
import type { HostIdentity, Operator, Progress } from "#lib/core/run-context.ts";

export interface CommandContext<Settings> {
  readonly deps: Deps;
  readonly log: Log;
  readonly progress: Progress;
  readonly host: HostIdentity;
  readonly runId: string;
  readonly startedAt: Date;
  readonly isRoot: boolean;
  readonly cwd: string;
  /** For what can be asked again. */
  readonly cacheDirectory: string;
  readonly isDryRun: boolean;
  /** Aborted by signals and by an unforeseen error. */
  readonly signal: AbortSignal;
  /** Environment of children: marked with the run, free of settings. */
  readonly childEnvironment: Readonly<Record<string, string>>;
  /** What stands on the command line beside the flags. */
  readonly operands: readonly string[];
  /** Values of the command's own flags. */
  readonly flags: Readonly<Record<string, string | boolean>>;
  readonly operator: Operator;
  /** Of the job's configuration; undefined when the command works without one. */
  readonly settings: Settings | undefined;
}
