/** What a command without a job is given, and what it gives back. */
import type { Outcome } from "#lib/core/outcome.ts";

export interface Tool {
  /** What stands on the command line beside the flags. */
  readonly operands: readonly string[];
  /** Values of the command's own flags. */
  readonly flags: Readonly<Record<string, string | boolean>>;
  /** Text of a file, relative to the working directory. Throws OpsError "config". */
  readonly readText: (path: string) => Promise<string>;
}

export interface ToolResult {
  readonly outcome: Extract<Outcome, "complete" | "partial" | "failed">;
  /** For people, on standard output. */
  readonly text: string;
  /** For programs, with --json. */
  readonly json: Readonly<Record<string, unknown>>;
}
