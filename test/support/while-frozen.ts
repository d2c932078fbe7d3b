import { spawn } from "node:child_process";
import type { SmallFileSystem } from "#test/support/small-filesystem.ts";

const rescueAfterSeconds = 60;

/**
 * Freeze it for `body`, and thaw it whatever happens: what writes to a frozen file system cannot even be killed. Nothing in
 * `body` may touch it from this process. Should this process die in between, another one thaws it.
 */
export async function whileFrozen<Value>(
  fileSystem: SmallFileSystem,
  body: () => Promise<Value>,
): Promise<Value> {
  const rescue = spawn(
    "sh",
    ["-c", `sleep ${rescueAfterSeconds}; fsfreeze --unfreeze "$0"`, fileSystem.directory],
    { stdio: "ignore", detached: true, env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } },
  );
  try {
    fileSystem.freeze();
    return await body();
  } finally {
    fileSystem.thaw();
    if (rescue.pid !== undefined) process.kill(-rescue.pid, "SIGKILL");
  }
}
