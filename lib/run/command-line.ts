/** The command line of every script: its flags, or what it asks to be told. */
import { type CommandDescription, formatHelp } from "#lib/run/help-text.ts";
import { type CommandShape, type FlagDefinitions, type Flags, parseFlags } from "#lib/run/parse-flags.ts";
import { packageVersion } from "#lib/run/version.ts";
import type { World } from "#lib/run/world.ts";

export interface DescribedCommand extends CommandDescription {
  /** Flags beside the common ones. */
  readonly flags?: FlagDefinitions;
  /** The operands as --help shows them. */
  readonly operands?: readonly string[];
}

/** Undefined when help or the version was asked for, and is printed. Throws OpsError "usage". */
export async function readCommandLine(
  command: DescribedCommand,
  shape: CommandShape,
  world: World,
): Promise<Flags | undefined> {
  const { name, flags = {}, operands } = command;
  const parsed = parseFlags(world.argv, flags, shape);
  if (parsed.mode === "help") {
    await world.stdout.write(formatHelp(command, shape.common, operands));
    return undefined;
  }
  if (parsed.mode === "version") {
    await world.stdout.write(`${name} ${packageVersion} (${world.runtime})\n`);
    return undefined;
  }
  return parsed;
}
