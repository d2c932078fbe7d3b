/** Where a path leads in a tree that was taken from elsewhere, by whose links the root of the tree is `/`. */
import { join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";

/** As many as the kernel follows. */
const mostLinks = 40;

/**
 * The path in the tree without links; it need not exist. Nothing leads out of it: docker follows the links of what it is to
 * mount, and an absolute one would lead it from a restored stack to the live one.
 */
export async function resolveWithin(asker: FileSystemAsker, root: string, path: string): Promise<string> {
  const left = path.split("/");
  let at: string[] = [];
  let links = 0;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      at.pop();
      continue;
    }
    const target = await readLink(asker, join(root, ...at, name));
    if (target === undefined) {
      at.push(name);
      continue;
    }
    links += 1;
    if (links > mostLinks) throw new OpsError(`Links of "${path}" lead in circles`, { outcome: "failed" });
    if (target.startsWith("/")) at = [];
    left.unshift(...target.split("/"));
  }
  return `/${at.join("/")}`;
}

/** Undefined for what is no link, and for what is not there. */
async function readLink(
  { exec, timeoutMs, signal }: FileSystemAsker,
  path: string,
): Promise<string | undefined> {
  const { exitCode, stdout } = await exec(["readlink", "--zero", "--", path], { timeoutMs, signal });
  if (exitCode === 0) return stdout.replace(/\0$/, "");
  if (exitCode === 1) return undefined;
  throw new OpsError(`Cannot look at "${path}": no answer from its file system`, { outcome: "failed" });
}
