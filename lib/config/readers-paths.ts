/** Readers of paths and of what is written like one. */
import { posix } from "node:path";
import { hasControlCharacter } from "#lib/config/readers.ts";
import type { Reader } from "#lib/config/setting.ts";
import type { RequiredMount } from "#lib/core/required-mount.ts";
import { checkLayout } from "#lib/core/set-layout.ts";

/** Absolute and normalised; a relative one starts from the directory of the configuration. */
export const path: Reader<string> = (text, { base, refuse }) => {
  if (/^~/.test(text)) return refuse('a path without "~", which only a shell expands: write the whole path');
  if (/\$/.test(text)) return refuse('a path without "$": variables are not expanded, write the whole path');
  if (hasControlCharacter(text)) return refuse("a path of one line");
  return posix.resolve(base, text);
};

/** A path or a tar pattern below a directory: no leading `./`, no trailing `/`, since tar compares member names as text. */
export const relativePath: Reader<string> = (text, { refuse }) => {
  const name = `"${text}"`;
  if (text.startsWith("/")) return refuse(`paths relative to the directory, without a leading "/": ${name}`);
  if (text.split("/").includes("..")) return refuse(`paths inside of the directory, without "..": ${name}`);
  if (hasControlCharacter(text)) return refuse(`paths without control characters: ${JSON.stringify(text)}`);
  const normal = text.replace(/^(?:\.?\/+)+/, "").replace(/\/+$/, "");
  return normal === "" || normal === "." ? refuse(`paths below the directory, not the directory itself: ${name}`) : normal;
};

/** `PATH` or `PATH=MARKER`; the marker is what follows the last `=`. */
export const requiredMount: Reader<RequiredMount> = (text, context) => {
  const cut = text.lastIndexOf("=");
  if (cut === -1) return { path: path(text, context), marker: undefined };
  const marker = text.slice(cut + 1);
  if (cut === 0 || /^$|^\.{1,2}$|\//.test(marker)) {
    return context.refuse(`lines PATH or PATH=MARKER, the marker being the name of a file in PATH: "${text}"`);
  }
  return { path: path(text.slice(0, cut), context), marker };
};

export const layout: Reader<string> = (text, { refuse }) => {
  const problems = hasControlCharacter(text) ? ["it must be one line"] : checkLayout(text);
  return problems.length === 0 ? text : refuse(`a path such as {host}/{job}/{stamp}: ${problems.join("; ")}`);
};
