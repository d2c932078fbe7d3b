/** Patterns of `tar --exclude`: which names below a directory they mean, for tar and for us alike. */
import { Buffer } from "node:buffer";

/**
 * Options for GNU tar that leave out what the patterns match below `directory`, at any depth, with all that is in it. Only there:
 * the way to it may bear any name, and `.*` must not mean a hidden directory that the tree lies in. `directory` is as tar gets it.
 */
export function excludeOptions(directory: string, patterns: readonly string[]): readonly string[] {
  const prefix = escapePattern(directory);
  return patterns.flatMap((pattern) => [
    `--exclude=${prefix}/${pattern}`,
    `--exclude=${prefix}/*/${pattern}`,
  ]);
}

/** How tar must read these options; they hold for all that follow. */
export const excludeFlags: readonly string[] = ["--anchored", "--wildcards", "--wildcards-match-slash"];

/** Whether one of the patterns leaves out a name below the directory; the name's bytes as one character each. */
export function createExcluder(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => false;
  const one = patterns.map((pattern) => toExpression(Buffer.from(pattern).toString("latin1"))).join("|");
  const expression = new RegExp(`^(?:.*/)?(?:${one})(?:/.*)?$`, "s");
  return (name) => name !== "" && expression.test(name);
}

/** The text itself, as a pattern. */
export function escapePattern(text: string): string {
  return text.replace(/[*?[\\]/g, "\\$&");
}

const tokens = /\\([\s\S])|\[([!^]?)(\]?[^\]]*)\]|([\s\S])/g;

function toExpression(pattern: string): string {
  let expression = "";
  for (const [, escaped, negation, set, plain] of pattern.matchAll(tokens)) {
    if (set !== undefined) {
      expression += `[${negation === "" ? "" : "^"}${set.replace(/[\\\]^[]/g, "\\$&")}]`;
    } else if (plain === "*") expression += ".*";
    else if (plain === "?") expression += ".";
    else expression += (escaped ?? plain ?? "").replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  }
  return expression;
}
