import { dirname, join } from "node:path";
import type { Finding } from "#lib/core/report.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";

/**
 * Whether every directory that is there on the way to `path` is on the file system of `root`. On another one, a subvolume or a dataset
 * included, nothing that is written in `root` can be renamed to it: it would be copied, and for hours half of it would bear its name.
 */
export async function checkOneFileSystem(
  { exec, timeoutMs, signal }: FileSystemAsker,
  root: string,
  path: string,
): Promise<Finding | undefined> {
  const parents: string[] = [];
  for (let parent = dirname(path); parent !== "."; parent = dirname(parent))
    parents.unshift(join(root, parent));
  const question = ["stat", "--dereference", "--format=%d", "--", root, ...parents] as const;
  // Most are not there in a first run, which stat calls an error.
  const { stdout } = await exec(question, { timeoutMs, signal });
  const [device = "", ...others] = stdout.split("\n");
  const place = others.findIndex((other) => other !== "" && other !== device);
  const elsewhere = parents[place];
  if (elsewhere === undefined) return undefined;
  return {
    name: "file system",
    passed: false,
    message: `Cannot put sets into "${elsewhere}": it is on another file system than "${root}"`,
    hint: "Give what is mounted there as the destination itself, and take it out of BACKUP_LAYOUT",
  };
}
