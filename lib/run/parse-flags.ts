/** The command line: flags before or after anything, unknown ones refused with a suggestion. */
import minimist from "minimist";
import { OpsError } from "#lib/core/ops-error.ts";
import { suggest } from "#lib/core/suggest.ts";

/** A script's own flags beside the common ones; the text is its line in --help. */
export interface FlagDefinitions {
  readonly [name: string]: { readonly value?: string; readonly help: string };
}

export interface Flags {
  readonly config: string | undefined;
  readonly isDryRun: boolean;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly mode: "run" | "help" | "version" | "check-config" | "print-config" | "test-notifications";
  /** What stands beside the flags, as many as were asked for. */
  readonly operands: readonly string[];
  /** Values of the script's own flags: a string, or true for one without a value. */
  readonly own: Readonly<Record<string, string | boolean>>;
}

export const commonFlags = {
  config: { value: "FILE", help: "configuration file, or the name of a job" },
  "dry-run": { help: "say what would be done; touch nothing" },
  json: { help: "print one JSON report on stdout and nothing else" },
  quiet: { help: "errors only" },
  verbose: { help: "tell every step" },
  "check-config": { help: "validate the configuration and print what would be used" },
  "print-config": { help: "print a commented configuration file with every key" },
  "test-notifications": { help: "send one message through every channel and say which arrived" },
  help: { help: "print this help" },
  version: { help: "print the version" },
} as const satisfies FlagDefinitions;

/** The common flags of a command without a job. */
export const toolFlags = {
  json: commonFlags.json,
  help: commonFlags.help,
  version: commonFlags.version,
} as const satisfies FlagDefinitions;

const shortNames = {
  c: "config",
  n: "dry-run",
  q: "quiet",
  v: "verbose",
  h: "help",
  dryrun: "dry-run",
} as const;
const modes = ["help", "version", "print-config", "check-config", "test-notifications"] as const;

/** Short form of a common flag, as --help shows it. */
export function shortFlagOf(name: string): string | undefined {
  return Object.entries(shortNames).find(([short, long]) => long === name && short.length === 1)?.[0];
}

export interface CommandShape {
  readonly common: FlagDefinitions;
  /** Names of the operands, all of them required. */
  readonly operands: readonly string[];
  /** How many more there may be. */
  readonly furtherOperands?: number;
}

/** A script that runs a job; a recovery has no dry run. */
export function jobShape(furtherOperands = 0, hasDryRun = true): CommandShape {
  const { "dry-run": _, ...others } = commonFlags;
  return { common: hasDryRun ? commonFlags : others, operands: [], furtherOperands };
}

/** Parse `argv` (without runtime and script). Throws OpsError "usage". */
export function parseFlags(
  argv: readonly string[],
  ownFlags: FlagDefinitions = {},
  { common, operands, furtherOperands = 0 }: CommandShape = jobShape(),
): Flags {
  const definitions: FlagDefinitions = { ...common, ...ownFlags };
  const names = Object.keys(definitions);
  const withValue = names.filter((name) => definitions[name]?.value !== undefined);
  const problems: string[] = [];
  const parsed = minimist([...argv], {
    // Operands as well: a name of digits is a name.
    string: [...withValue, "_"],
    boolean: names.filter((name) => !withValue.includes(name)),
    alias: Object.fromEntries(Object.entries(shortNames).filter(([, long]) => names.includes(long))),
    unknown: (argument) => {
      if (!argument.startsWith("-") && operands.length + furtherOperands > 0) return true;
      problems.push(describeUnknown(argument, names));
      return false;
    },
  });
  const mode = modes.find((one) => parsed[one] === true) ?? "run";
  const missing = mode === "run" ? operands.slice(parsed._.length) : [];
  problems.push(...missing.map((name) => `${name} is missing`));
  const most = operands.length + furtherOperands;
  problems.push(...parsed._.slice(most).map((argument) => `Unexpected argument "${argument}"`));
  for (const name of withValue) problems.push(...valueProblems(name, parsed[name]));
  const [first] = problems;
  if (first !== undefined) {
    throw new OpsError(first, { outcome: "usage", hint: "See --help", problems: [...new Set(problems)] });
  }
  const config: unknown = parsed["config"];
  return {
    config: typeof config === "string" ? config : undefined,
    isDryRun: parsed["dry-run"] === true,
    isJson: parsed["json"] === true,
    isQuiet: parsed["quiet"] === true,
    isVerbose: parsed["verbose"] === true,
    mode,
    operands: parsed._,
    own: Object.fromEntries(
      Object.keys(ownFlags).flatMap((name) => (isSet(parsed[name]) ? [[name, parsed[name]]] : [])),
    ),
  };
}

/** The value of --config on a command line that is otherwise not understood, so that this can be reported. */
export function findConfigFlag(argv: readonly string[]): string | undefined {
  const value: unknown = minimist([...argv], { string: ["config"], alias: { c: "config" } })["config"];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isSet(value: unknown): value is string | true {
  return typeof value === "string" || value === true;
}

function valueProblems(name: string, value: unknown): string[] {
  if (value === "") return [`--${name} needs a value`];
  return Array.isArray(value) ? [`--${name} is given more than once`] : [];
}

function describeUnknown(argument: string, known: readonly string[]): string {
  if (!argument.startsWith("-")) return `Unexpected argument "${argument}"`;
  const name = argument.replace(/^-+/, "").replace(/=.*$/s, "");
  const near = suggest(name, known);
  return `Unknown option "${argument}"${near === undefined ? "" : `: did you mean --${near}?`}`;
}
