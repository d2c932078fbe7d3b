import { bindProcess } from "#lib/run/process-binding.ts";
import { runProgram } from "#lib/run/run-program.ts";
import type { ScriptDefinition } from "#lib/run/script.ts";

/** Run a script as this process: the only call in a file of `scripts/`. */
export function runScript(script: ScriptDefinition): Promise<void> {
  return bindProcess((world) => runProgram(script, world));
}
