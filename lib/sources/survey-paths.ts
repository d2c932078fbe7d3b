/**
 * Which files below some paths go into an archive: found, tried and told apart from keys, without copying any of them.
 *
 * The archive is then written from where they lie, so nothing has to keep their owners, modes and times on the way, and a
 * destination that knows no owners is as good as any. Everything that touches the file system is a child under a deadline.
 */
import type { Exec, ExecResult } from "#lib/core/deps.ts";
import { isPrivateKeyName, privateKeyPattern } from "#lib/core/private-keys.ts";

export interface Survey {
  /** Absolute paths of directories, files and links, each once. */
  readonly members: readonly string[];
  /** Files with private keys. */
  readonly keys: readonly string[];
  /** Why something of it is missing, in the words of whoever said so. */
  readonly problems: readonly string[];
}

interface SurveyAccess {
  readonly exec: Exec;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

interface Found {
  readonly entries: readonly { readonly type: string; readonly path: string }[];
  readonly problems: readonly string[];
}

type Command = readonly [string, ...string[]];

/** Where a distribution keeps what its packages bring: a link to it says enough. */
const distribution = /^\/(?:usr|lib|lib32|lib64|bin|sbin|dev|proc|sys)\//;

const isAbsent = /: (?:No such file or directory|Not a directory|Too many levels of symbolic links)$/;

/** Nothing at all, neither members nor problems, when none of the paths exists. */
export async function surveyPaths(paths: readonly string[], access: SurveyAccess): Promise<Survey> {
  const found = await find(paths, [], access);
  const behind = await followLinks(paths, found, access);
  const types = new Map([...found.entries, ...behind.entries].map(({ type, path }) => [path, type]));
  const all = [...types].filter(([, type]) => type === "d" || type === "f" || type === "l");
  const files = all.flatMap(([path, type]) => (type === "f" ? [path] : []));
  const read = await readForKeys(
    files.filter((path) => !isPrivateKeyName(path)),
    access,
  );
  const keys = [...files.filter(isPrivateKeyName), ...read.keys];
  const missing = new Set([...keys, ...read.unreadable]);
  return {
    members: all.map(([path]) => path).filter((path) => !missing.has(path)),
    keys,
    problems: [...found.problems, ...behind.problems, ...read.problems],
  };
}

/** What does not exist, or no longer, is no problem. */
async function find(
  paths: readonly string[],
  options: readonly string[],
  access: SurveyAccess,
): Promise<Found> {
  if (paths.length === 0) return { entries: [], problems: [] };
  const result = await access.exec(["find", ...paths, ...options, "-printf", "%y%p\\0"], access);
  const entries = splitNames(result.stdout).map((each) => ({ type: each.slice(0, 1), path: each.slice(1) }));
  const problems = saidBy("find", result).filter((line) => !isAbsent.test(line));
  // Its words account for an exit of 1, and for no other.
  if (result.exitCode !== 0 && result.exitCode !== 1) problems.push(describeEnd("find", result, access));
  return { entries, problems };
}

/** What a link leads to is taken as well: all of it for a path that was asked for, else a file of the administrator's. */
async function followLinks(
  paths: readonly string[],
  { entries }: Found,
  access: SurveyAccess,
): Promise<Found> {
  const links = entries.flatMap(({ type, path }) => (type === "l" ? [path] : []));
  const asked = await resolveLinks(
    links.filter((path) => paths.includes(path)),
    access,
  );
  const inner = await resolveLinks(
    links.filter((path) => !paths.includes(path)),
    access,
  );
  const ownFiles = inner.targets.filter((path) => !distribution.test(path));
  const steps = [
    await find(asked.targets, [], access),
    await find(ownFiles, ["-maxdepth", "0", "-type", "f"], access),
  ];
  return {
    entries: steps.flatMap((step) => step.entries),
    problems: [asked, inner, ...steps].flatMap((step) => step.problems),
  };
}

/** A link that leads nowhere has no target, and that is as it was found. */
async function resolveLinks(links: readonly string[], access: SurveyAccess) {
  if (links.length === 0) return { targets: [], problems: [] };
  const result = await access.exec(["readlink", "-e", "-z", "-v", "--", ...links], access);
  const problems = saidBy("readlink", result).filter((line) => !isAbsent.test(line));
  if (result.exitCode !== 0 && result.exitCode !== 1) problems.push(describeEnd("readlink", result, access));
  return { targets: splitNames(result.stdout), problems };
}

interface ReadFiles {
  readonly keys: readonly string[];
  readonly unreadable: readonly string[];
  readonly problems: readonly string[];
}

/** Reads every file to its end: what may not or cannot be read is known before the archive is begun. */
async function readForKeys(files: readonly string[], access: SurveyAccess): Promise<ReadFiles> {
  if (files.length === 0) return { keys: [], unreadable: [], problems: [] };
  const command: Command = ["xargs", "-0", "grep", "-lZE", "-e", privateKeyPattern, "--", "/dev/null"];
  const result = await access.exec(command, { ...access, input: files.map((path) => `${path}\0`).join("") });
  // 123 is how xargs says that some grep found nothing, or had words about a file.
  if (result.exitCode !== 0 && result.exitCode !== 123) {
    return { keys: [], unreadable: files, problems: [describeEnd("grep", result, access)] };
  }
  const words = saidBy("grep", result);
  const unreadable = words.flatMap((line) => files.filter((path) => line.startsWith(`${path}: `)));
  const problems = words.filter((line) => !isAbsent.test(line));
  return { keys: splitNames(result.stdout), unreadable, problems };
}

function splitNames(output: string): string[] {
  return output.split("\0").filter((name) => name !== "");
}

/** `find: '/etc/x': Permission denied` → `/etc/x: Permission denied`. */
function saidBy(program: string, { stderr }: ExecResult): string[] {
  return stderr
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) =>
      line.replace(new RegExp(`^(?:\\S*/)?${program}: `), "").replace(/^'(.*)'(: [^:]*)$/, "$1$2"),
    );
}

function describeEnd(program: string, result: ExecResult, { timeoutMs }: SurveyAccess): string {
  if (result.timedOut) return `no answer from the file system after ${timeoutMs / 1000} s`;
  if (result.notFound) return `${program} is not installed`;
  const words = result.stderr.trim().split("\n").at(-1) ?? "";
  return words === "" ? `${program} ended with ${result.exitCode ?? result.signal}` : words;
}
