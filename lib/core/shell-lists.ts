/** Words of a shell script by its rules of quoting, as they stand: nothing is expanded. */

const wordEnd = /[\s;&|]/;
const itemEnd = /[\s;&|)]/;

/** The word that `text` begins with; a quote or bracket that is open runs over line breaks. Undefined when it never closes. */
export function readWord(text: string, end: RegExp = wordEnd): string | undefined {
  let quote = "";
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (character === "\\" && quote !== "'") at += 1;
    else if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (depth <= 0 && end.test(character)) return text.slice(0, at);
    else if (character === "(" || character === "{") depth += 1;
    else if (character === ")" || character === "}") depth -= 1;
  }
  return quote === "" && depth <= 0 ? text : undefined;
}

export interface ShellList {
  /** From bracket to bracket. */
  readonly source: string;
  readonly words: readonly string[];
}

/** The list `( … )` that `text` begins with: over any number of lines, comments left out. Undefined when it is none. */
export function readList(text: string): ShellList | undefined {
  if (!text.startsWith("(")) return undefined;
  const words: string[] = [];
  for (let at = 1; at < text.length; ) {
    const character = text[at] ?? "";
    if (character === ")") return { source: text.slice(0, at + 1), words };
    if (/\s/.test(character)) at += 1;
    else if (character === "#") at = endOfLine(text, at);
    else {
      const word = readWord(text.slice(at), itemEnd);
      if (word === undefined || word === "") return undefined;
      words.push(word);
      at += word.length;
    }
  }
  return undefined;
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf("\n", from);
  return at === -1 ? text.length : at;
}
