/**
 * The variables that a shell script gives values to, read as data: nothing is run, nothing is sourced.
 *
 * Understood: `NAME=value`, `"value"`, `'value'`, `${NAME:-default}`, and references to variables read before. What only the
 * shell could compute (`$(…)`, arithmetic, positional parameters) has no value here.
 */

export interface ShellAssignment {
  readonly name: string;
  readonly line: number;
  /** The right-hand side as it stands. */
  readonly source: string;
  /** Undefined when only a shell could tell. */
  readonly value: string | undefined;
}

const assignment = /^(?:\s*)(?:(?:export|readonly|declare(?:\s+-\w+)*)\s+)?([A-Z][A-Z0-9_]*)=(.*)$/;

/** Assignments to names in capitals, in the order of the script; the last one of a name is the one that counts. */
export function parseShellAssignments(script: string): ShellAssignment[] {
  const known = new Map<string, ShellAssignment>();
  for (const [index, text] of script.split("\n").entries()) {
    const [, name, rest] = assignment.exec(text) ?? [];
    if (name === undefined || rest === undefined) continue;
    const source = readWord(rest);
    // A variable set again while the script runs is a state of that script, not a setting: its first value says what it is.
    if (known.has(name)) continue;
    known.set(name, { name, line: index + 1, source, value: expand(source, known) });
  }
  return [...known.values()];
}

/** The first word of a line by the rules of quoting; a comment after it is not part of it. */
function readWord(text: string): string {
  let quote = "";
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (character === "\\" && quote !== "'") at += 1;
    else if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === "(" || character === "{") depth += 1;
    else if (character === ")" || character === "}") depth -= 1;
    else if (depth === 0 && /[\s;&|]/.test(character)) return text.slice(0, at);
  }
  return text;
}

/** Stands for a dollar that means itself, while references are replaced. */
const escapedDollar = "\u0000";

const reference = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?-((?:[^{}]|\{[^{}]*\})*))?\}|\$([A-Za-z_][A-Za-z0-9_]*)/g;

function expand(source: string, known: ReadonlyMap<string, ShellAssignment>): string | undefined {
  const single = /^'([^']*)'$/.exec(source)?.[1];
  if (single !== undefined) return single;
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(source)?.[1] ?? source;
  const text = quoted.replaceAll("\\$", escapedDollar);
  if (/\$\(|`|\$\(\(|\$[0-9@*#?!$-]/.test(text)) return undefined;
  let isKnown = true;
  const expanded = text.replaceAll(
    reference,
    (_whole, braced?: string, fallback?: string, plain?: string) => {
      const value = fallback ?? known.get(braced ?? plain ?? "")?.value;
      if (value === undefined) isKnown = false;
      return value ?? "";
    },
  );
  if (!isKnown || expanded.includes("${")) return undefined;
  return expanded.replaceAll(/\\([\\"`])/g, "$1").replaceAll(escapedDollar, "$");
}
