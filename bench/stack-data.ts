/** What the windows of stacks are measured with: data of several shapes, how an application changes it, and disks to keep it on. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeData } from "./make-data.ts";

export interface Shape {
  readonly name: string;
  readonly make: (root: string) => void;
  /** What the stack changes between the copy and its stop: two of a hundred. */
  readonly change: (root: string) => void;
}

const largeFiles = 8;
const chunk = Buffer.alloc(1024 * 1024);

export const shapes: readonly Shape[] = [
  { name: "60,000 small files, 1 GB", make: (root) => makeData(root, 1), change: changeFiles },
  ...[1, 2, 4].map(
    (gigabytes): Shape => ({
      name: `${largeFiles} large files, ${gigabytes} GB`,
      make: (root) => makeLargeFiles(root, gigabytes),
      change: changeParts,
    }),
  ),
];

/** Mount a new file system below `directory` for `body`. */
export async function withDisk(
  directory: string,
  type: string,
  body: (mount: string) => Promise<void>,
): Promise<void> {
  const [image, mount] = [join(directory, `${type}.img`), join(directory, type)];
  mkdirSync(mount, { recursive: true });
  const run = (program: string, ...args: readonly string[]) =>
    execFileSync(program, args, { stdio: "ignore" });
  run("truncate", "--size=16G", image);
  try {
    run(`mkfs.${type}`, "-q", image);
    run("mount", "-o", "loop", image, mount);
    try {
      await body(mount);
    } finally {
      run("umount", mount);
    }
  } finally {
    rmSync(image);
  }
}

function makeLargeFiles(root: string, gigabytes: number): void {
  const megabytes = (gigabytes * 1024) / largeFiles;
  for (let index = 0; index < largeFiles; index += 1) {
    const file = openSync(join(root, `table-${index}`), "w");
    for (let written = 0; written < megabytes; written += 1)
      writeSync(file, fill(index * megabytes + written));
    closeSync(file);
  }
}

/** Half of it compresses, half does not. */
function fill(seed: number): Buffer {
  crypto.getRandomValues(new Uint8Array(chunk.buffer, chunk.byteOffset, 65_536));
  for (let at = 65_536; at < chunk.length / 2; at *= 2) chunk.copy(chunk, at, 0, at);
  return chunk.fill(`row ${seed} `, chunk.length / 2);
}

function changeFiles(root: string): void {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }) as string[];
  for (const name of names.filter((_, index) => index % 50 === 0)) {
    if (!statSync(join(root, name)).isFile()) continue;
    const file = openSync(join(root, name), "a");
    writeSync(file, "x");
    closeSync(file);
  }
}

/** Two of a hundred bytes of each file, where they lie. */
function changeParts(root: string): void {
  for (const name of readdirSync(root)) {
    const file = openSync(join(root, name), "r+");
    const { size } = statSync(join(root, name));
    for (let at = 0; at < size; at += 50 * chunk.length) writeSync(file, chunk, 0, chunk.length, at);
    closeSync(file);
  }
}
