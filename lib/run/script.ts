/** What a file in `scripts/` says about itself. */
import type { ConfigPurpose } from "#lib/config/config-purpose.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import type { CommandDescription } from "#lib/run/help-text.ts";
import type { FlagDefinitions } from "#lib/run/parse-flags.ts";

export interface ScriptDefinition extends CommandDescription {
  /** What its configuration is read for, if not for a backup. */
  readonly purpose?: ConfigPurpose;
  /** Flags beside the common ones. */
  readonly flags?: FlagDefinitions;
  /** How many arguments it takes beside its flags. */
  readonly furtherOperands?: number;
  /**
   * What to back up, chosen before the lock is taken: a person may take all day. Names of sources, or what comes to the same
   * as an unattended run: "all"; undefined when nothing was chosen.
   */
  readonly choose?: (context: RunContext<Settings>) => Promise<readonly string[] | "all" | undefined>;
  /**
   * What must be there before a lock can even be taken: directories. Refuses by throwing an OpsError.
   * Runs in a dry run too, and must have no effect.
   */
  readonly checkFirst?: (context: RunContext<Settings>) => Promise<void>;
  /**
   * The use case, run under the job's lock; in a dry run it must have no effect. "recovery" is a run that does nothing
   * beyond what every run does first: finish what a dead one left.
   */
  readonly main: ((context: RunContext<Settings>) => Promise<RunResult>) | "recovery";
}
