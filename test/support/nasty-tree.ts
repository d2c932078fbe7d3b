/** A directory tree with all that a file system allows and a careless backup loses. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { isRoot, isSystemAdmin } from "#test/support/capabilities.ts";

interface NastyTreeOptions {
  /** How many small files to add to the special ones. */
  readonly smallFiles: number;
  /** Size of the sparse file, 1 GB unless told; 1 MB of it is data. */
  readonly sparseMb?: number;
}

const megabyte = 1024 * 1024;
const filesPerDirectory = 250;

/** Bytes of a symlink's target. */
const longestOnXfs = 1023;

/** Fill `directory`, which is made if need be. Owners, `trusted.*` and `security.*` only where this process may set them. */
export async function createNastyTree(
  directory: string,
  { smallFiles, sparseMb = 1024 }: NastyTreeOptions,
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  addNames(join(directory, "names"));
  addDeepPath(join(directory, "deep"));
  addModes(join(directory, "modes"));
  addLinks(join(directory, "links"));
  addContents(join(directory, "contents"), sparseMb * megabyte);
  addAttributes(join(directory, "attributes"));
  addTimes(join(directory, "times"));
  await addSpecialFiles(join(directory, "special"));
  if (isRoot) addOwners(join(directory, "owners"));
  addSmallFiles(join(directory, "small"), smallFiles);
}

function addNames(directory: string): void {
  mkdirSync(directory);
  const names = [
    "new\nline",
    "trailing newline\n",
    "-rf",
    "--checkpoint-action=exec=false",
    " leading and trailing space ",
    "tab\tand bell\x07",
    "quote's",
    'double "quotes"',
    "back\\slash",
    "octal \\101 escape",
    "glob * ? [a-z] {x,y}",
    "$HOME `id` $(id) ; & |",
    "#comment",
    "~",
    "...",
    "ümlaut, 備份, 💾",
    "u\u0308 decomposed",
    "n".repeat(255),
  ];
  for (const name of names) writeFileSync(join(directory, name), `content of ${JSON.stringify(name)}\n`);
  writeFileSync(rawPath(directory, [0x6e, 0x6f, 0xff, 0xfe, 0x80]), "a name that is no UTF-8\n");
  writeFileSync(rawPath(directory, [0xc3, 0x28, 0x0a]), "half a character, then a newline\n");
  mkdirSync(rawPath(directory, [0x64, 0xe9]));
}

function rawPath(directory: string, name: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name)]);
}

/** Longer than the 255 bytes of a ustar header, than its link name, and than a thousand characters. */
function addDeepPath(directory: string): void {
  const deep = join(
    directory,
    ...Array.from({ length: 12 }, (_, level) => `level-${level}-${"x".repeat(90)}`),
  );
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, "bottom"), "far down\n");
  linkSync(join(deep, "bottom"), join(directory, "hard link to the bottom"));
  symlinkSync(join(deep, "bottom").slice(0, longestOnXfs), join(directory, "long symlink"));
}

function addModes(directory: string): void {
  mkdirSync(directory);
  for (const mode of [0o000, 0o400, 0o200, 0o111, 0o644, 0o777, 0o4755, 0o2755, 0o6711, 0o1644]) {
    const name = `file-${mode.toString(8).padStart(4, "0")}`;
    writeFileSync(join(directory, name), `${name}\n`);
    chmodSync(join(directory, name), mode);
  }
  for (const mode of [0o700, 0o755, 0o1777, 0o2775, 0o0555]) {
    const name = `directory-${mode.toString(8).padStart(4, "0")}`;
    mkdirSync(join(directory, name));
    chmodSync(join(directory, name), mode);
  }
}

function addLinks(directory: string): void {
  mkdirSync(join(directory, "other"), { recursive: true });
  writeFileSync(join(directory, "first"), "one inode, three names\n");
  linkSync(join(directory, "first"), join(directory, "second"));
  linkSync(join(directory, "first"), join(directory, "other", "third"));
  symlinkSync("first", join(directory, "relative"));
  symlinkSync("/etc/hostname", join(directory, "absolute"));
  symlinkSync("nowhere", join(directory, "dangling"));
  symlinkSync("loop-b", join(directory, "loop-a"));
  symlinkSync("loop-a", join(directory, "loop-b"));
  symlinkSync("other", join(directory, "to-directory"));
  symlinkSync("..", join(directory, "other", "up"));
  symlinkSync(Buffer.from([0x74, 0xff, 0x0a]), join(directory, "target is no UTF-8"));
  linkSync(join(directory, "dangling"), join(directory, "hard link to a symlink"));
}

function addContents(directory: string, sparseBytes: number): void {
  mkdirSync(directory);
  writeFileSync(join(directory, "empty"), "");
  writeFileSync(join(directory, "zeros"), Buffer.alloc(3 * megabyte));
  writeFileSync(join(directory, "random"), randomBytes(2 * megabyte + 1));
  writeFileSync(join(directory, "one byte"), "x");
  addSparseFile(join(directory, "sparse"), sparseBytes);
  addSparseFile(join(directory, "all hole"), 64 * megabyte, 0);
}

/** `islands` pieces of 64 KiB far apart; the last byte is in a hole. */
function addSparseFile(path: string, sizeBytes: number, islands = 16): void {
  const file = openSync(path, "w");
  try {
    for (let island = 0; island < islands; island += 1) {
      writeSync(file, randomBytes(64 * 1024), 0, 64 * 1024, island * Math.floor(sizeBytes / islands));
    }
    ftruncateSync(file, sizeBytes);
  } finally {
    closeSync(file);
  }
}

function addAttributes(directory: string): void {
  mkdirSync(directory);
  const file = join(directory, "file");
  writeFileSync(file, "with attributes\n");
  run("setfattr", "-n", "user.comment", "-v", "0x000a5cff", file);
  run("setfattr", "-n", "user.empty", file);
  run("setfattr", "-n", "user.comment", "-v", "on a directory", directory);
  if (isSystemAdmin) {
    run("setfattr", "-n", "trusted.lastgood", "-v", "for root alone", file);
    run("setfattr", "-n", "security.lastgood", "-v", "a label", file);
  }
  const withAcl = join(directory, "acl");
  writeFileSync(withAcl, "with an ACL\n");
  run("setfacl", "-m", "u:4711:rw,g:4712:r,m::rwx", withAcl);
  mkdirSync(join(directory, "acl-directory"));
  run("setfacl", "-m", "u:4711:rwx,d:u:4711:rwx,d:g:4712:rx", join(directory, "acl-directory"));
  writeFileSync(join(directory, "acl-directory", "inherits"), "the default of its directory\n");
}

function addTimes(directory: string): void {
  mkdirSync(directory);
  for (const [name, time] of [
    ["sub-second", "2025-11-04 20:26:39.123456789 UTC"],
    ["old", "1980-01-01 00:00:00 UTC"],
    ["before the epoch", "1969-12-31 23:59:58 UTC"],
    ["future", "2099-12-31 23:59:59.999999999 UTC"],
    ["beyond 2038", "2106-02-08 00:00:00 UTC"],
  ] as const) {
    writeFileSync(join(directory, name), `${time}\n`);
    run("touch", "-d", time, join(directory, name));
  }
  symlinkSync("old", join(directory, "symlink"));
  run("touch", "-h", "-d", "2001-09-09 01:46:40.5 UTC", join(directory, "symlink"));
  run("touch", "-d", "1999-01-01 00:00:00 UTC", directory);
}

async function addSpecialFiles(directory: string): Promise<void> {
  mkdirSync(join(directory, "empty directory"), { recursive: true });
  run("mkfifo", "-m", "640", join(directory, "fifo"));
  // A server removes its socket's own name when it closes: under another name the socket stays.
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(join(directory, "s"), resolve);
  });
  renameSync(join(directory, "s"), join(directory, "socket"));
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

function addOwners(directory: string): void {
  mkdirSync(directory);
  writeFileSync(join(directory, "without a name"), "owned by numbers\n");
  chownSync(join(directory, "without a name"), 54_321, 54_322);
  writeFileSync(join(directory, "beyond ustar"), "its owner needs more than seven octal digits\n");
  chownSync(join(directory, "beyond ustar"), 3_000_000, 3_000_001);
  mkdirSync(join(directory, "directory"));
  chownSync(join(directory, "directory"), 33, 33);
}

function addSmallFiles(directory: string, count: number): void {
  mkdirSync(directory);
  for (let index = 0; index < count; index += 1) {
    const parent = join(directory, String(Math.floor(index / filesPerDirectory)).padStart(4, "0"));
    if (index % filesPerDirectory === 0) mkdirSync(parent);
    writeFileSync(join(parent, `file-${index}.txt`), `small file ${index}\n`.repeat(index % 40));
  }
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, {
    stdio: ["ignore", "ignore", "inherit"],
    env: { PATH: process.env.PATH ?? "" },
  });
}
