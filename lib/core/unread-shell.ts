/** What a shell script sets in a way that is not read as data here, so that a person can be told. Pure. */
import { scanShell } from "#lib/core/shell-scan.ts";

export interface UnreadShell {
  /** Under a condition, in a function, by a command, as `${NAME:=default}`. */
  readonly assignments: readonly { readonly name: string; readonly line: number }[];
  /** Files that it reads. */
  readonly sourced: readonly { readonly path: string; readonly line: number }[];
}

const assigned =
  /(?<![\w$-])([A-Z][A-Z0-9_]*)(?:\+?=(?![=~])|:=)|\b(?:printf[ \t]+-v|unset|read(?:[ \t]+-\w+)*)[ \t]+([A-Z][A-Z0-9_]*)/g;
const sourcing = /(?:^|[;&|{]|\b(?:then|do|else))[ \t]*(?:source|\.)[ \t]+("[^"]*"|'[^']*'|[^\s;&|]+)/g;

export function findUnread(script: string): UnreadShell {
  const rests = [...scanShell(script)].flatMap((part) =>
    part.kind === "rest" ? [{ line: part.line, text: part.text.replace(/(?:^|\s)#.*/, "") }] : [],
  );
  return {
    assignments: rests.flatMap(({ line, text }) =>
      [...text.matchAll(assigned)].map(([, name, named = ""]) => ({ name: name ?? named, line })),
    ),
    sourced: rests.flatMap(({ line, text }) =>
      [...text.matchAll(sourcing)].map(([, path = ""]) => ({ path, line })),
    ),
  };
}
