/**
 * The variables that a shell script gives values to, read as data: nothing is run, nothing is sourced.
 *
 * Understood: `NAME=value`, `"value"`, `'value'`, `${NAME:-default}`, references to variables read before, and lists
 * `NAME=(one "two")`. What only the shell could compute (`$(…)`, arithmetic, positional parameters) has no value here.
 */
import { type AssignmentPart, scanShell } from "#lib/core/shell-scan.ts";

export interface ShellAssignment {
  readonly name: string;
  readonly line: number;
  /** The right-hand side as it stands. */
  readonly source: string;
  /** Undefined when only a shell could tell, and for a list. */
  readonly value: string | undefined;
  /** Of a list; undefined when it is none, or when only a shell could tell. */
  readonly items?: readonly string[] | undefined;
  /** Lines that give it another value, which does not count. */
  readonly otherLines?: readonly number[] | undefined;
}

type Known = ReadonlyMap<string, ShellAssignment>;

/**
 * Assignments to names in capitals, in the order of the script. In a script the first one of a name counts: what is set
 * again while it runs is a state of that script, not a setting. In a file that is nothing but settings the last one counts.
 */
export function parseShellAssignments(script: string, counts: "first" | "last" = "first"): ShellAssignment[] {
  const known = new Map<string, ShellAssignment>();
  for (const part of scanShell(script)) {
    if (part.kind === "rest") continue;
    const { name, line, source } = part;
    const earlier = known.get(name);
    const found = { name, line, source, ...readValue(part, known) };
    if (earlier === undefined) known.set(name, found);
    else if (part.isAppended) known.set(name, append(earlier, found));
    else {
      const [counted, other] = counts === "last" ? [found, earlier] : [earlier, found];
      known.set(name, { ...counted, otherLines: [...(earlier.otherLines ?? []), other.line] });
    }
  }
  return [...known.values()];
}

function readValue(part: AssignmentPart, known: Known): Pick<ShellAssignment, "value" | "items"> {
  const { list, source, isWhole } = part;
  if (list === undefined) return { value: isWhole ? expand(source, known) : undefined };
  const items = list.words.map((word) => (/^\[[^\]]*\]=/.test(word) ? undefined : expand(word, known)));
  const isKnown = items.every((item) => item !== undefined);
  return { value: undefined, items: isKnown ? items : undefined };
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
  const joined = source.replaceAll(/(\\\\)|\\\n/g, (_whole, backslashes?: string) => backslashes ?? "");
  const text = joined.replaceAll("\\$", escapedDollar);
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
