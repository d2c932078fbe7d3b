import { type Outcome, outcomeFacts } from "#lib/core/outcome.ts";
import { type FlagDefinitions, shortFlagOf } from "#lib/run/parse-flags.ts";

interface HelpedCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags?: FlagDefinitions;
}

/** What --help prints: usage, options, exit codes. */
export function formatHelp(
  script: HelpedCommand,
  common: FlagDefinitions,
  operands: readonly string[] = [],
): string {
  const flags = { ...script.flags, ...common };
  const options = Object.entries(flags).map(([name, flag]): readonly [string, string] => {
    const short = shortFlagOf(name);
    const value = "value" in flag && flag.value !== undefined ? ` ${flag.value}` : "";
    return [`${short === undefined ? "    " : `-${short}, `}--${name}${value}`, flag.help];
  });
  return [
    `${script.name}: ${script.summary}`,
    "",
    `Usage: ${[script.name, "[options]", ...operands].join(" ")}`,
    "",
    "Options:",
    ...alignColumns(options),
    "",
    "Exit codes:",
    ...alignColumns(exitCodeRows()),
    "",
  ].join("\n");
}

/** Exit codes and their meaning, in ascending order; --help and README show the same. */
export function exitCodeRows(): (readonly [string, string])[] {
  const outcomes = Object.keys(outcomeFacts) as Outcome[];
  return outcomes.map((outcome) => {
    const { exitCode, meaning } = outcomeFacts[outcome];
    return [outcome === "interrupted" ? "128+n" : String(exitCode), `${outcome}: ${meaning}`];
  });
}

function alignColumns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
