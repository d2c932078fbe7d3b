/**
 * Many paths asked about by one child. When a mount among them does not answer, each is asked about by a child of its own,
 * so that only what lies on that mount has no answer.
 */
import type { Answer, FileSystemAsker, Space } from "#lib/preflight/ask-file-system.ts";

export interface PathFact {
  readonly isDirectory: boolean;
  readonly mode: number;
}

const directoryType = 0o040000;
const typeMask = 0o170000;

/** What each path leads to. */
export async function askPaths(
  asker: FileSystemAsker,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Answer<PathFact>>> {
  return askAll(asker, paths, ["--dereference", "--printf=%n\\0%f\\0"], ([rawMode = ""]) => {
    const mode = Number.parseInt(rawMode, 16);
    return { isDirectory: (mode & typeMask) === directoryType, mode: mode & 0o7777 };
  });
}

/** Room on the file system of each path. */
export async function askSpaces(
  asker: FileSystemAsker,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Answer<Space>>> {
  return askAll(asker, paths, ["--file-system", "--printf=%n\\0%a %b %S\\0"], ([words = ""]) => {
    const [free = 0, total = 0, block = 0] = words.split(" ").map(Number);
    return { freeBytes: free * block, totalBytes: total * block };
  });
}

async function askAll<Value>(
  asker: FileSystemAsker,
  paths: readonly string[],
  format: readonly string[],
  parse: (fields: readonly string[]) => Value,
): Promise<ReadonlyMap<string, Answer<Value>>> {
  const unique = [...new Set(paths)];
  const answers = new Map<string, Answer<Value>>();
  if (unique.length === 0) return answers;
  const { exec, timeoutMs, signal } = asker;
  const { stdout, stderr, timedOut } = await exec(["stat", ...format, "--", ...unique], {
    timeoutMs,
    signal,
  });
  if (timedOut && unique.length > 1) {
    const each = await Promise.all(unique.map((path) => askAll(asker, [path], format, parse)));
    return new Map(each.flatMap((one) => [...one]));
  }
  const fields = stdout.split("\0");
  for (let index = 0; index + 1 < fields.length; index += 2) {
    answers.set(fields[index] ?? "", { ok: true, value: parse([fields[index + 1] ?? ""]) });
  }
  for (const path of unique) {
    if (answers.has(path)) continue;
    const line = stderr.split("\n").find((one) => one.includes(`'${path}'`)) ?? "";
    const words = line.slice(line.lastIndexOf(": ") + 2) || "it cannot be asked about";
    const reason = timedOut ? `no answer from the file system after ${timeoutMs / 1000} s` : words;
    answers.set(path, { ok: false, reason });
  }
  return answers;
}
