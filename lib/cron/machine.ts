/**
 * Files of a machine as cron and systemd would read them, below a root directory: "/" for this machine, another one for an
 * image or a test.
 *
 * All is read by children under a deadline, links each by one of its own: a crontab may lead into a share that is gone.
 */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import type { Exec, ExecResult } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";

export interface Machine {
  readonly exec: Exec;
  /** Absolute path of the directory that is "/" there. */
  readonly root: string;
  readonly timeoutMs: number;
}

/** A name in a directory. */
export interface Listed {
  /** Path on the machine. */
  readonly path: string;
  /** Relative to the directory that was listed. */
  readonly name: string;
  /** `f`, `d`, `l`, … */
  readonly type: string;
  readonly uid: number;
  /** Where a link leads; empty for anything else. */
  readonly target: string;
}

/** A file that was read; owner and mode are those of what a link leads to. */
export interface ReadFile extends Listed {
  readonly text: string;
  readonly ownerUid: number;
  readonly mode: number;
  readonly linkCount: number;
}

const format = "%P\\0%y\\0%U\\0%l\\0";
const columns = 4;
const isMissing = 44;
const listScript = `test -e "$1" || test -L "$1" || exit ${isMissing}; exec find "$2" "$1" -mindepth "$3" -maxdepth "$4" -printf "$5"`;

/** Where a path of the machine lies for us. */
export function inside({ root }: Pick<Machine, "root">, path: string): string {
  return join(root, path);
}

/** What lies in a directory, `depth` levels deep; empty when it is not there. Throws OpsError "failed". */
export async function listDirectory(
  machine: Machine,
  directory: string,
  depth = 1,
): Promise<readonly Listed[]> {
  // The directory itself may be a link.
  return list(machine, directory, ["-H", "1", String(depth)], (name) => join(directory, name));
}

/** A file, or undefined when it is not there. Throws OpsError "failed". */
export async function describeFile(machine: Machine, path: string): Promise<Listed | undefined> {
  return (await list(machine, path, ["-P", "0", "0"], () => path))[0];
}

async function list(
  machine: Machine,
  path: string,
  levels: readonly string[],
  pathOf: (name: string) => string,
): Promise<readonly Listed[]> {
  const result = await machine.exec(
    ["sh", "-c", listScript, "list", inside(machine, path), ...levels, format],
    { timeoutMs: machine.timeoutMs },
  );
  if (result.exitCode === isMissing) return [];
  if (result.exitCode !== 0) throw cannotRead(path, reasonOf(result));
  const values = result.stdout.split("\0");
  return Array.from({ length: Math.floor(values.length / columns) }, (_, row): Listed => {
    const [name = "", type = "", uid, target = ""] = values.slice(row * columns);
    return { path: pathOf(name), name, type, uid: Number(uid), target };
  });
}

/** Read files that were listed; what cannot be read is told to `tell`, and the others are read all the same. */
export async function readListed(
  machine: Machine,
  files: readonly Listed[],
  tell: (problem: string) => void,
): Promise<readonly ReadFile[]> {
  const regular = files.filter(({ type }) => type === "f");
  const links = files.filter(({ type }) => type === "l");
  const together = regular.length === 0 ? [] : await readFiles(machine, regular);
  // When one of them cannot be read, each is read by itself, so that it is known which.
  const apart = typeof together === "string" ? [...regular, ...links] : links;
  const each = await Promise.all(
    apart.map(async (file) => {
      const read = await readFiles(machine, [file]);
      if (typeof read !== "string") return read;
      tell(cannotRead(file.path, read).message);
      return [];
    }),
  );
  return [...(typeof together === "string" ? [] : together), ...each.flat()];
}

/** No crontab and no unit is larger. */
const maxBytes = 1024 * 1024;
/** One child per file, and no byte in a text that could be taken for its end. */
const readScript = 'for file; do base64 -w0 -- "$file" && echo || exit; done';

/** All of them, or why one of them cannot be read. */
async function readFiles(
  { exec, timeoutMs, ...machine }: Machine,
  files: readonly Listed[],
): Promise<readonly ReadFile[] | string> {
  const paths = files.map(({ path }) => inside(machine, path));
  const described = await exec(["stat", "--dereference", "--format=%u %a %h %s", "--", ...paths], {
    timeoutMs,
  });
  if (described.exitCode !== 0) return reasonOf(described);
  const facts = described.stdout.split("\n").map((line) => line.split(" "));
  if (facts.some(([, , , size]) => Number(size) > maxBytes)) return "too large";
  const read = await exec(["sh", "-c", readScript, "read", ...paths], { timeoutMs });
  if (read.exitCode !== 0) return reasonOf(read);
  const texts = read.stdout.split("\n");
  return files.map((file, index) => {
    const [uid, mode, links] = facts[index] ?? [];
    return {
      ...file,
      text: Buffer.from(texts[index] ?? "", "base64").toString("utf8"),
      ownerUid: Number(uid),
      mode: Number.parseInt(mode ?? "", 8),
      linkCount: Number(links),
    };
  });
}

function reasonOf({ timedOut, stderr }: ExecResult): string {
  if (timedOut) return "no answer from the file system";
  const last = stderr.trim().split("\n").at(-1) ?? "";
  return last.slice(last.lastIndexOf(": ") + 2);
}

function cannotRead(path: string, why: string): OpsError {
  return new OpsError(`Cannot read "${path}"${why === "" ? "" : `: ${why}`}`, {
    outcome: "failed",
    hint: "Run as root, and look at the mount that it lies on",
  });
}
