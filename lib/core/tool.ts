/** What a command without a job is given, and what it gives back. */
import type { Deps } from "#lib/core/deps.ts";
import type { Outcome } from "#lib/core/outcome.ts";

/** Who runs a command, and by what. */
export interface Caller {
  readonly uid: number;
  readonly home: string;
  readonly hostname: string;
  readonly cwd: string;
  /** Program and arguments that run a script file under the same runtime. */
  readonly launcher: readonly [string, ...string[]];
  /** Absolute path of the directory of the scripts. */
  readonly scripts: string;
}

export interface Tool {
  /** What stands on the command line beside the flags. */
  readonly operands: readonly string[];
  /** Values of the command's own flags. */
  readonly flags: Readonly<Record<string, string | boolean>>;
  /** Text of a file, relative to the working directory. Throws OpsError "config". */
  readonly readText: (path: string) => Promise<string>;
  readonly deps: Deps;
  readonly caller: Caller;
}

export interface ToolResult {
  readonly outcome: Extract<Outcome, "complete" | "partial" | "failed">;
  /** For people, on standard output. */
  readonly text: string;
  /** For programs, with --json. */
  readonly json: Readonly<Record<string, unknown>>;
}
