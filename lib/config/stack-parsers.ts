import { isAbsolute } from "node:path";
import { control, parser, splitLines } from "#lib/config/parsers.ts";

/** Names of stacks, one a line: those of their directories. */
export const stackNames = parser<readonly string[]>((value) => {
  const items = splitLines(value);
  const bad = items.find((item) => item.includes("/") || item === "." || item === ".." || control.test(item));
  return bad === undefined ? { value: items } : { expected: `"${bad}" to be the name of a directory` };
});

export type VolumeChoice = "all" | "none" | readonly string[];

/** `all`, `none`, or names of volumes, one a line. */
export const volumeChoice = parser<VolumeChoice>((value) => {
  if (value === "all" || value === "none") return { value };
  const items = splitLines(value);
  const bad = items.find((item) => !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(item));
  return bad === undefined ? { value: items } : { expected: `all, none, or names of volumes, not "${bad}"` };
});

/** Programs, one a line: absolute paths, without arguments. */
export const programs = parser<readonly string[]>((value) => {
  const items = splitLines(value);
  const bad = items.find((item) => !isAbsolute(item));
  return bad === undefined ? { value: items } : { expected: `"${bad}" to be the absolute path of a program` };
});

/** Patterns that tar leaves out, one a line; what begins with `/` is a path, what does not is a name anywhere. */
export const excludePatterns = parser<readonly string[]>((value) => ({ value: splitLines(value) }));
