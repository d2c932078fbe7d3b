/** A command that has no job, and so no lock, no journal and no messages: it looks, acts where it is told to, and prints. */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Deps } from "#lib/core/deps.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { exitCodeOf } from "#lib/core/outcome.ts";
import type { Caller, Tool, ToolResult } from "#lib/core/tool.ts";
import { readCommandLine } from "#lib/run/command-line.ts";
import type { CommandDescription } from "#lib/run/help-text.ts";
import { type FlagDefinitions, toolFlags } from "#lib/run/parse-flags.ts";
import { bindProcess } from "#lib/run/process-binding.ts";
import { recoverScript } from "#lib/run/recovery-command.ts";
import type { World } from "#lib/run/world.ts";
import { writeAnswer } from "#lib/run/write-answer.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { createHttp } from "#lib/tools/http.ts";

export interface ToolDefinition extends CommandDescription {
  /** Names of the operands, all of them required: `["IMPORTER", "FILE"]`. */
  readonly operands: readonly string[];
  readonly flags?: FlagDefinitions;
  readonly main: (tool: Tool) => Promise<ToolResult>;
}

/** Run a command without a job as this process. */
export function runTool(definition: ToolDefinition): Promise<void> {
  return bindProcess((world) => runIn(definition, world));
}

async function runIn(definition: ToolDefinition, world: World): Promise<number> {
  try {
    const shape = { common: toolFlags, operands: definition.operands };
    const flags = await readCommandLine(definition, shape, world);
    if (flags === undefined) return exitCodeOf("complete");
    const result = await definition.main({
      operands: flags.operands,
      flags: flags.own,
      readText: (path) => readTextFile(resolve(world.cwd, path)),
      deps: createDeps(world),
      caller: describeCaller(world),
    });
    await writeAnswer(world, flags.isJson ? result.json : result.text);
    return exitCodeOf(result.outcome);
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    const details = [
      ...error.problems.slice(1),
      ...(error.hint === undefined ? [] : [`Hint: ${error.hint}`]),
    ];
    await world.stderr.write(`${[`${definition.name}: ${describeError(error)}`, ...details].join("\n  ")}\n`);
    return exitCodeOf(error.outcome);
  }
}

function createDeps({ env }: World): Deps {
  const known = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return {
    exec: createExec(Object.fromEntries(known)),
    clock: systemClock,
    http: createHttp(env),
    newId: randomUUID,
  };
}

function describeCaller({ uid, home, hostname, cwd, launcher }: World): Caller {
  return { uid, home, hostname, cwd, launcher, scripts: dirname(recoverScript) };
}

async function readTextFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new OpsError(`Cannot read "${path}"`, {
      outcome: "config",
      hint: "Give the path of the file",
      cause,
    });
  }
}
