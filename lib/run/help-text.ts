import { type Outcome, outcomeFacts } from "#lib/core/outcome.ts";
import { type FlagDefinitions, shortFlagOf } from "#lib/run/parse-flags.ts";

/** What a script says about itself in --help. */
export interface CommandDescription {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** Arguments, and what they are for. */
  readonly examples?: readonly (readonly [args: string, purpose: string])[];
  /** Those of a run unless something else is said. */
  readonly exitCodes?: readonly (readonly [code: string, meaning: string])[];
}

interface HelpedCommand extends CommandDescription {
  readonly flags?: FlagDefinitions;
}

const columns = 80;

/** What --help prints: usage, examples, options, exit codes, in lines of 80 columns. */
export function formatHelp(
  script: HelpedCommand,
  common: FlagDefinitions,
  operands: readonly string[] = [],
): string {
  const { name, summary, examples = [], exitCodes = exitCodeRows() } = script;
  const flags = { ...script.flags, ...common };
  const options = Object.entries(flags).map(([long, flag]): readonly [string, string] => {
    const short = shortFlagOf(long);
    const value = "value" in flag && flag.value !== undefined ? ` ${flag.value}` : "";
    return [`${short === undefined ? "    " : `-${short}, `}--${long}${value}`, flag.help];
  });
  return [
    ...wrap(`${name}: ${summary}`, columns),
    "",
    `Usage: ${[name, "[options]", ...operands].join(" ")}`,
    ...(examples.length === 0 ? [] : ["", "Examples:"]),
    ...examples.flatMap(([args, purpose]) => [
      `  ${`bun scripts/${name}.ts ${args}`.trimEnd()}`,
      `      ${purpose}`,
    ]),
    "",
    "Options:",
    ...alignColumns(options),
    "",
    "Exit codes:",
    ...alignColumns(exitCodes),
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
  const indent = width + 4;
  return rows.flatMap(([left, right]) =>
    wrap(right, columns - indent).map(
      (line, index) => `  ${(index === 0 ? left : "").padEnd(width)}  ${line}`,
    ),
  );
}

/** Lines of whole words; a word that is longer than a line has one to itself. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length > width && line !== "") {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
