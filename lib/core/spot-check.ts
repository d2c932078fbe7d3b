/**
 * A restored tree against the live one that it was taken from. Pure.
 *
 * What changed since is normal. What is not: a file that nobody touched and that is different, and a part of the live tree of
 * which the set has nothing although nobody named it as excluded: the work of a pattern that matches too much.
 */
import { countNoun } from "#lib/core/count-noun.ts";

export interface ListedEntry {
  readonly path: string;
  readonly kind: "file" | "directory" | "other";
  readonly sizeBytes: number;
  /** Seconds since the epoch, as find prints them. */
  readonly modified: string;
  readonly changed: string;
}

export interface SpotCheckRequest {
  readonly live: readonly ListedEntry[];
  readonly restored: readonly ListedEntry[];
  /** When the set was begun. */
  readonly takenAt: Date;
  /** Patterns that were left out on purpose, relative to the tree. */
  readonly excludes: readonly string[];
}

export interface SpotCheck {
  /** Files in both, unchanged since: their content can be compared. */
  readonly comparable: readonly string[];
  /** Files that changed, came or went since. */
  readonly changedSince: number;
  /** Files that single patterns left out. */
  readonly leftOut: number;
  readonly problems: readonly string[];
}

/** This part of the live files may be missing without a directory of theirs. */
const mostLeftOut = 0.05;
const namesShown = 10;

export function spotCheck({ live, restored, takenAt, excludes }: SpotCheckRequest): SpotCheck {
  const set = new Map(restored.map((entry) => [entry.path, entry]));
  const isOld = ({ modified, changed }: ListedEntry) =>
    Math.max(Number(modified), Number(changed)) * 1000 < takenAt.getTime();
  const files = live.filter(({ kind }) => kind === "file");
  const old = files.filter(isOld);
  const gone = findMissingDirectories(live, set);
  const comparable: string[] = [];
  const different: string[] = [];
  const swallowed = new Map<string, number>();
  let leftOut = 0;
  for (const file of old) {
    const there = set.get(file.path);
    if (there !== undefined) {
      const isSame =
        there.kind === "file" && there.sizeBytes === file.sizeBytes && there.modified === file.modified;
      (isSame ? comparable : different).push(file.path);
      continue;
    }
    const directory = gone.find((one) => file.path.startsWith(`${one}/`));
    if (directory === undefined) leftOut += 1;
    else if (!isNamed(directory, excludes)) swallowed.set(directory, (swallowed.get(directory) ?? 0) + 1);
  }
  const isTooMuch = leftOut > Math.max(1, old.length * mostLeftOut);
  return {
    comparable,
    changedSince: files.length - old.length,
    leftOut,
    problems: [
      ...shorten(
        [...swallowed].map(
          ([directory, count]) =>
            `The set has nothing of "${directory}" (${countNoun(count, "file")}): which pattern of APP_EXCLUDES matches it?`,
        ),
      ),
      ...shorten(different.map((path) => `"${path}" differs, although nobody has changed it since`)),
      ...(isTooMuch
        ? [`The set lacks ${leftOut} of ${old.length} files that were there when it was taken`]
        : []),
    ],
  };
}

/** The uppermost live directories that the set does not have. */
function findMissingDirectories(live: readonly ListedEntry[], set: ReadonlyMap<string, unknown>): string[] {
  const missing = live
    .filter(({ kind, path }) => kind === "directory" && path !== "" && !set.has(path))
    .map(({ path }) => path);
  const all = new Set(missing);
  return missing.filter((path) => !all.has(path.slice(0, Math.max(0, path.lastIndexOf("/")))));
}

/** A directory that somebody wrote down, or that lies in one. */
function isNamed(directory: string, excludes: readonly string[]): boolean {
  return excludes
    .map((pattern) => pattern.replace(/^\.?\//, "").replace(/\/\*?$/, ""))
    .some((named) => directory === named || directory.startsWith(`${named}/`));
}

function shorten(lines: readonly string[]): string[] {
  const rest = lines.length - namesShown;
  return rest <= 0 ? [...lines] : [...lines.slice(0, namesShown), `and ${rest} more like the last one`];
}
