/**
 * Remove a file or a directory with everything in it, by a process of its own.
 *
 * On a file system that does not answer the removal never ends. A thread of ours that waits for it could neither be taken back
 * nor would it let this process end; a child can be left behind.
 */
import { spawn } from "node:child_process";
import { OpsError } from "#lib/core/ops-error.ts";
import { endProcessGroup } from "#lib/tools/process-group.ts";
import { describeStartError, ensureStreams } from "#lib/tools/start-program.ts";

const limits = { graceMs: 100, killWaitMs: 1000 };

/** No error when it is gone; symlinks are removed, not followed. Rejects with OpsError "failed" in rm's words, or past `deadlineMs`. */
export async function removeTree(path: string, deadlineMs: number): Promise<void> {
  const child = ensureStreams(
    spawn("/bin/rm", ["-rf", "--", path], {
      env: { LC_ALL: "C" },
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    }),
  );
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(-4096);
  });
  const ended = Promise.withResolvers<number | null>();
  child.once("error", (error) => ended.reject(refuse(path, describeStartError("rm", error))));
  child.once("close", ended.resolve);
  const late = Promise.withResolvers<"late">();
  const timer = setTimeout(() => late.resolve("late"), deadlineMs);
  try {
    const end = await Promise.race([ended.promise, late.promise]);
    if (end === 0) return;
    if (end !== "late")
      throw refuse(path, stderr.trim().split("\n")[0] || `rm ended with ${end ?? "a signal"}`);
    const isGone = child.pid === undefined || (await endProcessGroup(child.pid, limits));
    if (!isGone) {
      child.unref();
      child.stderr.destroy();
    }
    throw refuse(path, `no answer from the file system after ${deadlineMs / 1000} s`);
  } finally {
    clearTimeout(timer);
  }
}

function refuse(path: string, reason: string): OpsError {
  return new OpsError(`Cannot remove "${path}": ${reason}`, { outcome: "failed", hint: "Look at its mount" });
}
