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
    found.set(path, alone?.get(path) ?? { path, type: "missing", links: [] });
  }
  return found;
}

/** Undefined when there is no answer for all. */
async function resolveTogether(
  asker: FileSystemAsker,
  paths: readonly string[],
): Promise<ReadonlyMap<string, ResolvedPath> | undefined> {
  if (paths.length === 0) return new Map();
  const { exec, timeoutMs, signal } = asker;
  const command = ["realpath", "--canonicalize-missing", "--zero", "--"] as const;
  const real = await exec([...command, ...paths], { timeoutMs, signal });
  const targets = real.stdout.split("\0").slice(0, -1);
  if (real.exitCode !== 0 || targets.length !== paths.length) return undefined;
  // A path that leads elsewhere has a link in it.
  const parts = paths.map((path, index) => (path === targets[index] ? [] : listParts(path)));
  const words = await readTypes(asker, [...new Set([...targets, ...parts.flat()])]);
  if (words === undefined) return undefined;
  return new Map(
    paths.map((path, index) => {
      const target = targets[index] ?? path;
      const links = (parts[index] ?? []).filter((part) => words.get(part) === "symbolic link");
      return [path, { path: target, type: typeOf(words.get(target)), links }];
    }),
  );
}

/** `/a/b` → `/a`, `/a/b`. */
function listParts(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  return names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`);
}

/** In stat's words, of those that exist, without following links. */
async function readTypes(
  { exec, timeoutMs, signal }: FileSystemAsker,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string> | undefined> {
  const stat = await exec(["stat", "--printf=%F:%n\\0", "--", ...paths], { timeoutMs, signal });
  if (stat.timedOut) return undefined;
  return new Map(
    stat.stdout.split("\0").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(colon + 1), line.slice(0, colon)];
    }),
  );
}

function typeOf(word: string | undefined): PathType {
  if (word === "directory") return "directory";
  // A link that is left leads to itself.
  if (word === undefined || word === "symbolic link") return "missing";
  return word === "regular file" || word === "regular empty file" ? "file" : "other";
}
