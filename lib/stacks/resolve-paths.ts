/** What paths lead to, asked in bulk: a stack may mount dozens. */
import type { PathType, ResolvedPath } from "#lib/core/stack-data.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";

/** For each path where it leads and what is there; one that gives no answer counts as missing, and is told in `problems`. */
export async function resolvePaths(
  asker: FileSystemAsker,
  paths: readonly string[],
  problems: string[],
): Promise<ReadonlyMap<string, ResolvedPath>> {
  const unique = [...new Set(paths)];
  const together = await resolveTogether(asker, unique);
  if (together !== undefined) return together;
  // One of them hangs: it must not take the others with it.
  const found = new Map<string, ResolvedPath>();
  for (const path of unique) {
    const alone = await resolveTogether(asker, [path]);
    if (alone === undefined) problems.push(`Cannot look at "${path}": no answer from its file system`);
    found.set(path, alone?.get(path) ?? { path, type: "missing" });
  }
  return found;
}

/** Undefined when there is no answer for all. */
async function resolveTogether(
  { exec, timeoutMs, signal }: FileSystemAsker,
  paths: readonly string[],
): Promise<ReadonlyMap<string, ResolvedPath> | undefined> {
  if (paths.length === 0) return new Map();
  const real = await exec(["realpath", "--canonicalize-missing", "--zero", "--", ...paths], {
    timeoutMs,
    signal,
  });
  const targets = real.stdout.split("\0").slice(0, -1);
  if (real.exitCode !== 0 || targets.length !== paths.length) return undefined;
  const stat = await exec(["stat", "--printf=%F:%n\\0", "--", ...targets], { timeoutMs, signal });
  if (stat.timedOut) return undefined;
  const types = new Map<string, PathType>();
  for (const line of stat.stdout.split("\0")) {
    const colon = line.indexOf(":");
    types.set(line.slice(colon + 1), typeOf(line.slice(0, colon)));
  }
  return new Map(
    paths.map((path, index) => {
      const target = targets[index] ?? path;
      return [path, { path: target, type: types.get(target) ?? "missing" }];
    }),
  );
}

function typeOf(word: string): PathType {
  if (word === "directory") return "directory";
  // It was not resolved since it leads to itself.
  if (word === "symbolic link") return "missing";
  return word === "regular file" || word === "regular empty file" ? "file" : "other";
}
