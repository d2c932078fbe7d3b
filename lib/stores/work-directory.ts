/** A directory for a moment: files that a program reads or writes. */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "#lib/core/deps.ts";

const prefix = ".work-";
const oldMs = 86_400_000;

export interface WorkDirectory {
  readonly path: string;
  /** Write a file and say where it is. */
  readonly write: (name: string, text: string) => Promise<string>;
}

/** Below `parent`, which is made if need be. Gone when `body` ends; those of runs that were killed go after a day. */
export async function withWorkDirectory<Value>(
  parent: string,
  clock: Clock,
  body: (work: WorkDirectory) => Promise<Value>,
): Promise<Value> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await removeOld(parent, clock.now().getTime() - oldMs);
  const path = await mkdtemp(join(parent, prefix));
  const write = async (name: string, text: string) => {
    await writeFile(join(path, name), text, { mode: 0o600 });
    return join(path, name);
  };
  try {
    return await body({ path, write });
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

async function removeOld(parent: string, beforeMs: number): Promise<void> {
  const left = (await readdir(parent))
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(parent, name));
  for (const path of left) {
    const found = await stat(path, { throwIfNoEntry: false });
    if (found !== undefined && found.mtimeMs < beforeMs) await rm(path, { recursive: true, force: true });
  }
}
