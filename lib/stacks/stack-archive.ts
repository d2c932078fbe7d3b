/**
 * The archive of a stack: each data root under its original absolute path without the leading slash, wherever it lies frozen, and
 * the files that define the stack. `tar -C / -x` restores it.
 */
import { Buffer } from "node:buffer";
import { frozenPattern } from "#lib/core/frozen-name.ts";
import { isWithin } from "#lib/core/mount-table.ts";
import { createOptions } from "#lib/core/tar-options.ts";
import { escapePattern, excludeFlags, excludeOptions } from "#lib/core/tar-pattern.ts";
import { createTarReader, type TarReader } from "#lib/core/tar-status.ts";
import type { FrozenRoot } from "#lib/stacks/freezer.ts";

export interface StackContent {
  readonly roots: readonly FrozenRoot[];
  /** Files and directories that define the stack, absolute. What of them lies in a root, or contains one, is taken once. */
  readonly definition: readonly string[];
  /** Patterns of tar, of names below each root. */
  readonly excludes: readonly string[];
}

export interface StackArchive {
  /** Writes the archive to its standard output. Needs LC_ALL=C: names are bytes. */
  readonly producer: readonly [string, ...string[]];
  /** Knows members by their original names. */
  readonly createReader: () => TarReader;
}

/**
 * Members are renamed, and hard links with them; targets of symlinks are data, and stay. What holds the data of another stack still
 * is left out.
 */
export function stackArchive({ roots, definition, excludes }: StackContent): StackArchive {
  const moved = roots.filter(({ original, frozen }) => original !== frozen);
  const files = definition.filter(
    (path, index) =>
      !roots.some(({ original }) => isWithin(path, original)) &&
      !definition.some((other, at) => isWithin(path, other) && (other !== path || at < index)),
  );
  const isInFiles = (path: string) => files.some((file) => isWithin(path, file));
  const lying = roots.filter((root) => moved.includes(root) || !isInFiles(root.original));
  return {
    producer: [
      "tar",
      ...createOptions,
      "--directory=/",
      ...moved.map(({ original, frozen }) => renameOption(memberOf(frozen), memberOf(original))),
      ...excludeFlags,
      ...roots.flatMap(({ frozen }) => excludeOptions(memberOf(frozen), [frozenPattern, ...excludes])),
      ...moved
        .filter(({ original }) => isInFiles(original))
        .map(({ original }) => `--exclude=${escapePattern(memberOf(original))}`),
      "--",
      ...files.map(memberOf),
      ...lying.map(({ frozen }) => memberOf(frozen)),
    ],
    createReader: () => createStackReader(moved),
  };
}

function createStackReader(moved: readonly FrozenRoot[]): TarReader {
  const reader = createTarReader();
  const names = moved.map(({ original, frozen }) => ({
    from: quoteName(memberOf(frozen)),
    to: quoteName(memberOf(original)),
  }));
  const rename = (line: string): string => {
    const at = line.indexOf(": ") + 2;
    const found = names.find(
      ({ from }) => line.startsWith(from, at) && /^[/:]/.test(line.slice(at + from.length)),
    );
    return found === undefined ? line : line.slice(0, at) + found.to + line.slice(at + found.from.length);
  };
  return { ...reader, readLine: (line) => reader.readLine(rename(line)) };
}

function memberOf(path: string): string {
  return path.slice(1);
}

/** An expression of sed, for the names of members and of hard links. */
function renameOption(from: string, to: string): string {
  const expression = from.replace(/[.*[\]^$\\,]/g, "\\$&");
  const replacement = to.replace(/[\\&,]/g, "\\$&");
  return `--transform=flags=rhS;s,^${expression}\\(/\\|$\\),${replacement}\\1,`;
}

const escapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  "\b": "\\b",
  "\f": "\\f",
  "\v": "\\v",
  "\x07": "\\a",
};

/** As tar says a name with `--quoting-style=escape`, byte by byte. */
function quoteName(name: string): string {
  const quoted = [...Buffer.from(name).toString("latin1")].map((one) => {
    const code = one.charCodeAt(0);
    const isPrinted = code >= 0x20 && code < 0x7f;
    return escapes[one] ?? (isPrinted ? one : `\\${code.toString(8).padStart(3, "0")}`);
  });
  return quoted.join("");
}
