/** A shell script as what gives values to variables, and everything else. It is read, never run. */
import { readList, readWord, type ShellList } from "#lib/core/shell-lists.ts";

export interface AssignmentPart {
  readonly kind: "assignment";
  readonly name: string;
  /** `+=` */
  readonly isAppended: boolean;
  readonly line: number;
  /** The right-hand side as it stands; of one that never ends, the rest of its line. */
  readonly source: string;
  readonly list: ShellList | undefined;
  readonly isWhole: boolean;
}

interface RestPart {
  readonly kind: "rest";
  readonly line: number;
  /** To the end of the line, comments included. */
  readonly text: string;
}

/** At the start of a line, or after another one on the same line. */
const assignment =
  /[ \t]*;?[ \t]*(?:(?:export|readonly|declare|typeset)(?:[ \t]+-\w+)*[ \t]+)?([A-Z][A-Z0-9_]*)(\+?)=/y;
const hereDocument = /(?<!<)<<(-?)[ \t]*(?:(["'])|\\)?([A-Za-z_]\w*)\2/;

/** In the order of the script; what stands in a here-document is text of that script, and left out. */
export function* scanShell(script: string): Generator<AssignmentPart | RestPart> {
  let line = 1;
  for (let at = 0; at < script.length; ) {
    assignment.lastIndex = at;
    const [start = "", name, plus] = assignment.exec(script) ?? [];
    if (name === undefined) {
      const text = script.slice(at, endOfLine(script, at));
      yield { kind: "rest", line, text };
      const end = at + text.length + 1;
      at = endOfHereDocument(script, end, text);
      line += 1 + countLines(script.slice(end, at));
      continue;
    }
    const right = readRight(script, at + start.length);
    yield { kind: "assignment", name, isAppended: plus === "+", line, ...right };
    at += start.length + right.source.length;
    line += countLines(right.source);
  }
}

function readRight(script: string, at: number): Pick<AssignmentPart, "source" | "list" | "isWhole"> {
  const text = script.slice(at);
  const list = readList(text);
  if (list !== undefined) return { source: list.source, list, isWhole: true };
  const source = readWord(text);
  if (source !== undefined) return { source, list, isWhole: true };
  return { source: script.slice(at, endOfLine(script, at)), list, isWhole: false };
}

/** Where the here-document ends that a line begins; where the next line begins, if it begins none. */
function endOfHereDocument(script: string, from: number, line: string): number {
  const [, dash, , word] = hereDocument.exec(line.replace(/(?:^|\s)#.*/, "")) ?? [];
  if (word === undefined) return from;
  for (let at = from; at < script.length; ) {
    const end = endOfLine(script, at);
    const text = script.slice(at, end).replace(/\r$/, "");
    at = end + 1;
    if ((dash === "-" ? text.replace(/^\t+/, "") : text) === word) return at;
  }
  return from;
}

function endOfLine(script: string, from: number): number {
  const at = script.indexOf("\n", from);
  return at === -1 ? script.length : at;
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}
