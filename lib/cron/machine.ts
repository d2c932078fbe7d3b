/**
 * Files of a machine as cron and systemd would see them, below a root directory: "/" for this machine, another one for an
 * image or a test.
 *
 * All is asked of children under a deadline, /etc as well: that no path of it leads into a share that is gone is known only
 * once it was followed. One child is asked about many files; when it fails, each is asked about by a child of its own, so
 * that only what stands in the way has no answer.
 */
import { join } from "node:path";
import type { Exec, ExecResult } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import {
  type FileFacts,
  factColumns,
  factsFormat,
  parseFacts,
  parseTexts,
  refusalOf,
  rowsOf,
  textsProgram,
} from "#lib/cron/file-facts.ts";

export interface Machine {
  readonly exec: Exec;
  /** Absolute path of the directory that is "/" there. */
  readonly root: string;
  readonly timeoutMs: number;
}

/** A name in a directory. */
export interface Listed extends FileFacts {
  /** Path on the machine. */
  readonly path: string;
  /** Relative to the directory that was listed. */
  readonly name: string;
  /** Where a link leads; empty for anything else. */
  readonly target: string;
}

/** A file that was read; owner and mode are those of what a link leads to. */
export interface ReadFile extends Listed {
  readonly text: string;
  readonly ownerUid: number;
}

/** A path itself, or what lies in it, so many levels deep. */
export interface Place {
  readonly path: string;
  readonly depth: 0 | 1 | 2;
}

/** What was found at each place. */
export interface Look {
  /** What lies in a directory; empty when it is not there. Throws OpsError "failed" when it could not be looked at. */
  readonly list: (directory: string) => readonly Listed[];
  /** A file, or undefined when it is not there. Throws OpsError "failed" when it could not be looked at. */
  readonly file: (path: string) => Listed | undefined;
}

const deepest = 2;
/** find takes a place that is not there for a failure. */
const lookScript =
  'format=$1; depth=$2; shift 2; for path; do shift; if test -e "$path" || test -L "$path"; then set -- "$@" "$path"; fi; done; ' +
  'test $# -eq 0 || exec find -P "$@" -maxdepth "$depth" -printf "$format"';

/** Where a path of the machine lies for us. */
export function inside({ root }: Pick<Machine, "root">, path: string): string {
  return join(root, path);
}

/** Look at many places by one child. */
export async function lookAt(machine: Machine, places: readonly Place[]): Promise<Look> {
  const found = await findAll(machine, new Map(places.map((place) => [startOf(machine, place), place])));
  const answerOf = (place: Place) => {
    const answer = found.get(startOf(machine, place)) ?? [];
    if (answer instanceof OpsError) throw answer;
    return answer;
  };
  return {
    list: (path) => answerOf({ path, depth: 1 }),
    file: (path) => answerOf({ path, depth: 0 })[0],
  };
}

/** What lies in a directory; empty when it is not there. Throws OpsError "failed". */
export async function listDirectory(machine: Machine, directory: string): Promise<readonly Listed[]> {
  return (await lookAt(machine, [{ path: directory, depth: 1 }])).list(directory);
}

/** A file, or undefined when it is not there. Throws OpsError "failed". */
export async function describeFile(machine: Machine, path: string): Promise<Listed | undefined> {
  return (await lookAt(machine, [{ path, depth: 0 }])).file(path);
}

/** The directory itself may be a link, which find follows by the slash. */
function startOf(machine: Machine, { path, depth }: Place): string {
  return depth === 0 ? inside(machine, path) : join(inside(machine, path), "/");
}

async function findAll(
  machine: Machine,
  starts: ReadonlyMap<string, Place>,
): Promise<ReadonlyMap<string, readonly Listed[] | OpsError>> {
  if (starts.size === 0) return new Map();
  const result = await machine.exec(
    ["sh", "-c", lookScript, "look", `%H\\0%d\\0%P\\0%l\\0${factsFormat}`, String(deepest), ...starts.keys()],
    { timeoutMs: machine.timeoutMs },
  );
  if (result.exitCode === 0) return Map.groupBy(parseRows(result.stdout, starts), ({ start }) => start);
  if (starts.size > 1) {
    const each = await Promise.all([...starts].map((start) => findAll(machine, new Map([start]))));
    return new Map(each.flatMap((one) => [...one]));
  }
  return new Map([...starts].map(([start, { path }]) => [start, cannotRead(path, reasonOf(result))]));
}

function parseRows(stdout: string, starts: ReadonlyMap<string, Place>) {
  return rowsOf(stdout, 4 + factColumns).flatMap(([start = "", depth, name = "", target = "", ...facts]) => {
    const place = starts.get(start);
    const isAsked =
      place?.depth === 0 ? depth === "0" : depth !== "0" && Number(depth) <= (place?.depth ?? 0);
    if (place === undefined || !isAsked) return [];
    return [{ start, path: join(place.path, name), name, target, ...parseFacts(facts) }];
  });
}

/** Read files that were listed; what cannot be read is told to `tell`, and the others are read all the same. */
export async function readListed(
  machine: Machine,
  files: readonly Listed[],
  tell: (problem: string) => void,
): Promise<readonly ReadFile[]> {
  const wanted = files.filter(({ type }) => type === "f" || type === "l");
  const followed = await followLinks(machine, wanted);
  const read = typeof followed === "string" ? followed : await readFollowed(machine, followed, tell);
  if (typeof read !== "string") return read;
  if (wanted.length > 1) {
    const each = await Promise.all(wanted.map((file) => readListed(machine, [file], tell)));
    return each.flat();
  }
  for (const { path } of wanted) tell(cannotRead(path, read).message);
  return [];
}

type Followed = Omit<ReadFile, "text">;

/** All that are fit to be read, or why one of them cannot be. */
async function readFollowed(
  machine: Machine,
  files: readonly Followed[],
  tell: (problem: string) => void,
): Promise<readonly ReadFile[] | string> {
  const fit = files.filter((file) => refusalOf(file) === undefined);
  const paths = new Set(fit.filter(({ type }) => type === "f").map(({ path }) => inside(machine, path)));
  const read =
    paths.size === 0
      ? nothing
      : await machine.exec([...textsProgram, ...paths], { timeoutMs: machine.timeoutMs });
  if (read.exitCode !== 0) return reasonOf(read);
  for (const file of files) {
    const why = refusalOf(file);
    if (why !== undefined) tell(cannotRead(file.path, why).message);
  }
  const texts = parseTexts(read.stdout);
  return fit.map((file) => ({ ...file, text: texts.get(inside(machine, file.path)) ?? "" }));
}

/** With owner, mode and size of what a link leads to; a link that leads nowhere stays as it is. */
async function followLinks(
  machine: Machine,
  files: readonly Listed[],
): Promise<readonly Followed[] | string> {
  const links = files.filter(({ type }) => type === "l").map(({ path }) => inside(machine, path));
  const command = ["find", "-H", ...links, "-maxdepth", "0", "-printf", `%p\\0${factsFormat}`] as const;
  const found = links.length === 0 ? nothing : await machine.exec(command, { timeoutMs: machine.timeoutMs });
  if (found.exitCode !== 0) return reasonOf(found);
  const rows = rowsOf(found.stdout, 1 + factColumns);
  const ends = new Map(rows.map(([path = "", ...facts]) => [path, parseFacts(facts)] as const));
  return files.map((file) => {
    const facts = ends.get(inside(machine, file.path)) ?? file;
    return { ...file, ...facts, ownerUid: facts.uid, uid: file.uid };
  });
}

/** What is asked about no file. */
const nothing = { exitCode: 0, stdout: "", stderr: "", timedOut: false } as const;

/** Why a program that was to look or to read did not. */
export function reasonOf({ timedOut, stderr }: Pick<ExecResult, "timedOut" | "stderr">): string {
  if (timedOut) return "no answer from the file system";
  const last = stderr.trim().split("\n").at(-1) ?? "";
  return last.slice(last.lastIndexOf(": ") + 2);
}

export function cannotRead(path: string, why: string): OpsError {
  return new OpsError(`Cannot read "${path}"${why === "" ? "" : `: ${why}`}`, {
    outcome: "failed",
    hint: "Run as root, and look at the mount that it lies on",
  });
}
