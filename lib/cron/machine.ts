/**
 * Files of a machine as cron and systemd would read them, below a root directory: "/" for this machine, another one for an
 * image or a test.
 *
 * All is read by children under a deadline, links each by one of its own: a crontab may lead into a share that is gone.
 */
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
  if (result.exitCode !== 0) throw cannotRead(path, result);
  const values = result.stdout.split("\0");
  return Array.from({ length: Math.floor(values.length / columns) }, (_, row): Listed => {
    const [name = "", type = "", uid, target = ""] = values.slice(row * columns);
    return { path: pathOf(name), name, type, uid: Number(uid), target };
  });
}

const maxBytes = 1024 * 1024;
/** Per file: owner, mode and links of what is there, its text, and an end that no text has. */
const readScript = `
for file; do
  stat --dereference --format='%u %a %h' -- "$file" && head -c 1 -- "$file" >/dev/null || exit
  head -c ${maxBytes} -- "$file" | tr -d '\\0'
  printf '\\0'
done`;

/** Read files that were listed; what cannot be read is told to `tell`, and the others are read all the same. */
export async function readListed(
  machine: Machine,
  files: readonly Listed[],
  tell: (problem: string) => void,
): Promise<readonly ReadFile[]> {
  const together = await readTogether(
    machine,
    files.filter(({ type }) => type === "f"),
  );
  if (together !== undefined) {
    const links = await readEach(
      machine,
      files.filter(({ type }) => type === "l"),
      tell,
    );
    return [...together, ...links];
  }
  // One of them: which one is told when each is read by itself.
  return readEach(
    machine,
    files.filter(({ type }) => type === "f" || type === "l"),
    tell,
  );
}

async function readEach(
  machine: Machine,
  files: readonly Listed[],
  tell: (problem: string) => void,
): Promise<readonly ReadFile[]> {
  const found = await Promise.all(
    files.map(async (file) => {
      const result = await read(machine, [file]);
      if (result.exitCode === 0) return parseRead([file], result.stdout);
      tell(cannotRead(file.path, result).message);
      return [];
    }),
  );
  return found.flat();
}

async function readTogether(
  machine: Machine,
  files: readonly Listed[],
): Promise<readonly ReadFile[] | undefined> {
  if (files.length === 0) return [];
  const result = await read(machine, files);
  return result.exitCode === 0 ? parseRead(files, result.stdout) : undefined;
}

function read(machine: Machine, files: readonly Listed[]): Promise<ExecResult> {
  const paths = files.map(({ path }) => inside(machine, path));
  return machine.exec(["sh", "-c", readScript, "read", ...paths], { timeoutMs: machine.timeoutMs });
}

function parseRead(files: readonly Listed[], output: string): readonly ReadFile[] {
  const parts = output.split("\0");
  return files.map((file, index) => {
    const [facts = "", ...lines] = (parts[index] ?? "").split("\n");
    const [uid, mode, links] = facts.split(" ");
    return {
      ...file,
      text: lines.join("\n"),
      ownerUid: Number(uid),
      mode: Number.parseInt(mode ?? "", 8),
      linkCount: Number(links),
    };
  });
}

function cannotRead(path: string, result: ExecResult): OpsError {
  const last = result.stderr.trim().split("\n").at(-1) ?? "";
  const why = result.timedOut ? "no answer from the file system" : last.slice(last.lastIndexOf(": ") + 2);
  return new OpsError(`Cannot read "${path}"${why === "" ? "" : `: ${why}`}`, {
    outcome: "failed",
    hint: "Run as root, and look at the mount that it lies on",
  });
}
