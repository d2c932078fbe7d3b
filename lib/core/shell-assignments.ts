/**
 * The variables that a shell script gives values to, read as data: nothing is run, nothing is sourced.
 *
 * Understood: `NAME=value`, `"value"`, `'value'`, `${NAME:-default}`, references to variables read before, and lists
 * `NAME=(one "two")`. What only the shell could compute (`$(…)`, arithmetic, positional parameters) has no value here.
 */
import { readList, readWord } from "#lib/core/shell-lists.ts";

export interface ShellAssignment {
  readonly name: string;
  readonly line: number;
  /** The right-hand side as it stands. */
  readonly source: string;
  /** Undefined when only a shell could tell, and for a list. */
  readonly value: string | undefined;
  /** Of a list; undefined when it is none, or when only a shell could tell. */
  readonly items?: readonly string[] | undefined;
  /** Lines further up that gave it another value, where the last one counts. */
  readonly earlierLines?: readonly number[] | undefined;
}

type Known = ReadonlyMap<string, ShellAssignment>;

/** At the start of a line, or after another one on the same line. */
const assignment = /[ \t]*;?[ \t]*(?:(?:export|readonly|declare(?:\s+-\w+)*)\s+)?([A-Z][A-Z0-9_]*)(\+?)=/y;

/**
 * Assignments to names in capitals, in the order of the script. In a script the first one of a name counts: what is set
 * again while it runs is a state of that script, not a setting. In a file that is nothing but settings the last one counts.
 */
export function parseShellAssignments(script: string, counts: "first" | "last" = "first"): ShellAssignment[] {
  const known = new Map<string, ShellAssignment>();
  for (let at = 0; at < script.length; ) {
    assignment.lastIndex = at;
    const [start = "", name, plus] = assignment.exec(script) ?? [];
    if (name === undefined) {
      const lineEnd = script.indexOf("\n", at);
      at = lineEnd === -1 ? script.length : lineEnd + 1;
      continue;
    }
    const earlier = known.get(name);
    const line = script.slice(0, at).split("\n").length;
    const found = { name, line, ...readRight(script.slice(at + start.length), known) };
    at += start.length + found.source.length;
    if (plus === "+" && earlier !== undefined) known.set(name, append(earlier, found));
    else if (earlier === undefined) known.set(name, found);
    else if (counts === "last") {
      known.set(name, { ...found, earlierLines: [...(earlier.earlierLines ?? []), earlier.line] });
    }
  }
  return [...known.values()];
}

function readRight(text: string, known: Known): Pick<ShellAssignment, "source" | "value" | "items"> {
  const list = readList(text);
  if (list === undefined) {
    const source = readWord(text);
    if (source !== undefined) return { source, value: expand(source, known) };
    return { source: text.split("\n")[0] ?? "", value: undefined };
  }
  const items = list.words.map((word) => (/^\[[^\]]*\]=/.test(word) ? undefined : expand(word, known)));
  const isKnown = items.every((item) => item !== undefined);
  return { source: list.source, value: undefined, items: isKnown ? items : undefined };
}

/** `+=`: to a list its items, to a text its characters. */
function append(earlier: ShellAssignment, found: ShellAssignment): ShellAssignment {
  const source = `${earlier.source} ${found.source}`;
  if (earlier.value !== undefined || found.value !== undefined) {
    const isKnown = earlier.value !== undefined && found.value !== undefined;
    return { ...earlier, source, value: isKnown ? `${earlier.value}${found.value}` : undefined };
  }
  const isKnown = earlier.items !== undefined && found.items !== undefined;
  return { ...earlier, source, items: isKnown ? [...earlier.items, ...found.items] : undefined };
}

/** Stands for a dollar that means itself, while references are replaced. */
const escapedDollar = "\u0000";

const piece = /'([^']*)'|"((?:[^"\\]|\\.)*)"|((?:\$\{[^{}]*\}|[^'"\\]|\\.)+)/gs;
const reference = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?-((?:[^{}]|\{[^{}]*\})*))?\}|\$([A-Za-z_][A-Za-z0-9_]*)/g;

/** Quoted and bare pieces of one word put together; undefined when only a shell could tell. */
function expand(source: string, known: Known): string | undefined {
  let text = "";
  let at = 0;
  for (const match of source.matchAll(piece)) {
    const [whole, single, double, bare] = match;
    if (match.index !== at) return undefined;
    at += whole.length;
    const value =
      single ?? (double === undefined ? expandBare(bare ?? "", known) : expandText(double, known));
    if (value === undefined) return undefined;
    text += value;
  }
  return at === source.length ? text : undefined;
}

/** Outside quotes a backslash keeps any character, a tilde is somebody's home, `$'` a notation of its own, a bracket no word. */
function expandBare(source: string, known: Known): string | undefined {
  if (/^[~(]/.test(source) || source.endsWith("$")) return undefined;
  return expandText(source, known, /\\(.)/gs);
}

function expandText(source: string, known: Known, escaped: RegExp = /\\([\\"`])/g): string | undefined {
  const text = source.replaceAll("\\$", escapedDollar);
  if (/\$\(|`|\$[0-9@*#?!$-]/.test(text.replaceAll("\\`", ""))) return undefined;
  let isKnown = true;
  const expanded = text.replaceAll(
    reference,
    (_whole, braced?: string, fallback?: string, plain?: string) => {
      const value = fallback === undefined ? known.get(braced ?? plain ?? "")?.value : unquote(fallback);
      if (value === undefined) isKnown = false;
      return value ?? "";
    },
  );
  if (!isKnown || expanded.includes("${")) return undefined;
  return expanded.replaceAll(escaped, "$1").replaceAll(escapedDollar, "$");
}

/** The default of `${NAME:-"a default"}`. */
function unquote(text: string): string {
  return /^"([^"]*)"$/.exec(text)?.[1] ?? /^'([^']*)'$/.exec(text)?.[1] ?? text;
}
