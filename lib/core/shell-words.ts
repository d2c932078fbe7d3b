/**
 * The simple commands in a line of shell, as words without their quotes. A reader for finding programs, not a shell: nothing
 * is expanded, and what only a shell could tell stays as it is written.
 */

/** One list of words per simple command; redirections are left out. */
export function splitCommands(line: string): string[][] {
  const commands: string[][] = [[]];
  let isTarget = false;
  for (const token of readTokens(line)) {
    if (token.kind === "redirection") isTarget = true;
    else if (token.kind === "separator") {
      commands.push([]);
      isTarget = false;
    } else if (isTarget) isTarget = false;
    else commands.at(-1)?.push(token.text);
  }
  return commands.filter((words) => words.length > 0);
}

interface Token {
  readonly kind: "word" | "separator" | "redirection";
  readonly text: string;
}

const comment = /^#[^\n]*/;
const redirection = /^\d*(?:>>|>\||>&|<&|<>|>|<)&?/;
const separator = /^(?:&&|\|\||;;|[;&|()\n{}])/;
// A word is made of pieces: quoted, escaped, or plain.
const word = /^(?:'[^']*'|"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]|[^\s'"\\;&|()<>])+/;

function* readTokens(line: string): Generator<Token> {
  let rest = line;
  while (rest !== "") {
    const blanks = /^(?:[ \t\r]|\\\n)+/.exec(rest)?.[0] ?? "";
    rest = rest.slice(blanks.length);
    if (rest === "") return;
    const [kind, text] = readToken(rest);
    rest = rest.slice(text.length);
    if (kind === "comment") continue;
    yield { kind, text: kind === "word" ? unquote(text) : text };
  }
}

function readToken(rest: string): readonly [Token["kind"] | "comment", string] {
  const found = (pattern: RegExp) => pattern.exec(rest)?.[0];
  const comments = found(comment);
  if (comments !== undefined) return ["comment", comments];
  const redirected = found(redirection);
  if (redirected !== undefined) return ["redirection", redirected];
  const separated = found(separator);
  if (separated !== undefined) return ["separator", separated];
  // A quote that nothing closes is taken for itself.
  return ["word", found(word) ?? rest.slice(0, 1)];
}

function unquote(text: string): string {
  return text.replaceAll(
    /'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|\\([\s\S])/g,
    (_whole, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replaceAll(/\\([$`"\\])/g, "$1") ?? escaped ?? "",
  );
}
