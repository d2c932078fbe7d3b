/** What a tree holds, byte for byte, and in what two trees differ. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";

export interface TreeEntry {
  readonly type: "file" | "directory" | "symlink" | "fifo" | "socket" | "block device" | "character device";
  /** Octal, with setuid, setgid and sticky. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** Of a regular file or symlink; a directory's own size says nothing. */
  readonly sizeBytes: number | undefined;
  /** Seconds since the epoch, with the nanoseconds. */
  readonly modifiedAt: string;
  readonly target: string | undefined;
  /** The names in this tree that share its inode; empty for one name. */
  readonly linkedNames: readonly string[];
  /** All namespaces, hexadecimal; the ACLs are `system.posix_acl_access` and `…_default`. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly sha256: string | undefined;
  /** At least half of a regular file is holes. */
  readonly isSparse: boolean;
}

/** Entries by their path below the tree, its bytes as Latin-1 characters; the tree's own is the empty path. */
export type Tree = ReadonlyMap<string, TreeEntry>;

interface CompareOptions {
  readonly ignore?: (path: string, entry: TreeEntry) => boolean;
}

const types: Readonly<Record<string, TreeEntry["type"]>> = {
  f: "file",
  d: "directory",
  l: "symlink",
  p: "fifo",
  s: "socket",
  b: "block device",
  c: "character device",
};

const fields = ["%P", "%y", "%m", "%U", "%G", "%s", "%T@", "%l", "%i", "%b"] as const;

export function describeTree(directory: string): Tree {
  const cells = readBytes("find", [directory, "-printf", `${fields.join("\\0")}\\0`]).split("\0");
  const attributes = readAttributes(directory);
  const paths = new Map<string, string[]>();
  const rows: { readonly inode: string; readonly path: string; readonly entry: TreeEntry }[] = [];
  for (let start = 0; start + fields.length <= cells.length; start += fields.length) {
    const row = cells.slice(start, start + fields.length);
    const [path = "", letter = "", mode = "", uid, gid, size, modifiedAt = "", target, inode = "", blocks] =
      row;
    const type = types[letter];
    if (type === undefined) throw new Error(`Unknown type "${letter}" of ${JSON.stringify(path)}`);
    const linkedNames = paths.get(inode) ?? [];
    if (type !== "directory") linkedNames.push(path);
    paths.set(inode, linkedNames);
    const sizeBytes = type === "file" || type === "symlink" ? Number(size) : undefined;
    const entry: TreeEntry = {
      type,
      mode,
      uid: Number(uid),
      gid: Number(gid),
      sizeBytes,
      modifiedAt,
      target: type === "symlink" ? target : undefined,
      linkedNames,
      attributes: attributes.get(path) ?? {},
      sha256: type === "file" ? hashFile(directory, path) : undefined,
      isSparse: type === "file" && Number(blocks) * 512 * 2 < Number(size),
    };
    rows.push({ inode, path, entry });
  }
  return new Map(
    rows.map(({ path, entry }) => [path, { ...entry, linkedNames: otherNames(entry.linkedNames) }]),
  );
}

/** One line for each difference; empty when the trees are the same. Entries that `ignore` names may be missing. */
export function compareTrees(
  before: Tree,
  after: Tree,
  { ignore = () => false }: CompareOptions = {},
): string[] {
  const differences: string[] = [];
  for (const [path, old] of before) {
    if (ignore(path, old)) continue;
    const now = after.get(path);
    if (now === undefined) differences.push(`${JSON.stringify(path)} (${old.type}) is missing`);
    else differences.push(...compareEntries(path, old, now));
  }
  for (const [path, entry] of after) {
    if (!(before.has(path) || ignore(path, entry))) {
      differences.push(`${JSON.stringify(path)} (${entry.type}) was not there before`);
    }
  }
  return differences;
}

function compareEntries(path: string, old: TreeEntry, now: TreeEntry): string[] {
  return (Object.keys(old) as (keyof TreeEntry)[])
    .filter((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]))
    .map(
      (key) =>
        `${JSON.stringify(path)}: ${key} ${JSON.stringify(old[key])} became ${JSON.stringify(now[key])}`,
    );
}

function otherNames(names: readonly string[]): readonly string[] {
  return names.length > 1 ? names.toSorted() : [];
}

/** Output of a program, each byte as one character. */
function readBytes(program: string, args: readonly string[]): string {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    maxBuffer: 1024 ** 3,
    env: process.env,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} failed: ${stderr.toString()}`);
  return stdout.toString("latin1");
}

function readAttributes(directory: string): Map<string, Record<string, string>> {
  const args = ["--recursive", "--physical", "--no-dereference", "--dump", "--match=-", "--encoding=hex"];
  const output = readBytes("getfattr", [...args, "--absolute-names", directory]);
  const all = new Map<string, Record<string, string>>();
  const prefix = Buffer.from(directory).toString("latin1");
  for (const block of output.split("\n\n")) {
    const [header = "", ...lines] = block.trim().split("\n");
    if (header === "") continue;
    const path = unquote(header.slice("# file: ".length)).slice(prefix.length + 1);
    const pairs = lines
      .map((line) => line.split(/=(.*)/s, 2))
      .map(([name = "", value = ""]) => [unquote(name), value]);
    all.set(path, Object.fromEntries(pairs.toSorted()));
  }
  return all;
}

/** getfattr writes a backslash, a newline and the like as three octal digits. */
function unquote(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

const buffer = Buffer.alloc(1024 * 1024);

function hashFile(directory: string, path: string): string {
  const hash = createHash("sha256");
  const file = openSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, "latin1")]), "r");
  try {
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) {
      hash.update(buffer.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}
