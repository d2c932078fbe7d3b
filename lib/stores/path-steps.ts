/** Single steps on names of files, each by a child with a deadline: the file system may hang. */
import type { Exec } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";

export interface SwapAccess {
  readonly exec: Exec;
  readonly timeoutMs: number;
}

/** Replaces nothing: what has that name meanwhile stays. Throws OpsError "failed". */
export async function move(from: string, to: string, access: SwapAccess): Promise<void> {
  const action = `rename "${from}" to "${to}"`;
  await runStep(["mv", "--no-clobber", "--no-target-directory", "--", from, to], action, access);
  if (await exists(from, access)) {
    throw new OpsError(`Cannot ${action}: that name is taken`, { outcome: "failed", hint: "Move it away" });
  }
}

/**
 * The old path to its name again. What a service has made there meanwhile, since it found nothing, is kept beside; resolves to
 * a note on it.
 */
export async function moveBack(
  aside: string,
  target: string,
  access: SwapAccess,
): Promise<readonly string[]> {
  const meanwhile = `${aside}-meanwhile`;
  const isTaken = await exists(target, access);
  if (isTaken) await move(target, meanwhile, access);
  await move(aside, target, access);
  return isTaken ? [`Something had made ${target} anew meanwhile: that is kept as ${meanwhile}`] : [];
}

/** Whether something has that name, be it a link that leads nowhere. Throws OpsError "failed" without an answer. */
export async function exists(path: string, { exec, timeoutMs }: SwapAccess): Promise<boolean> {
  const { exitCode, timedOut, stderr } = await exec(["stat", "--format=%F", "--", path], { timeoutMs });
  if (exitCode === 0) return true;
  if (!timedOut && /No such file or directory/.test(stderr)) return false;
  throw refuse(`look at "${path}"`, timedOut, stderr, timeoutMs);
}

/** Throws OpsError "failed" in the program's words. */
export async function runStep(
  command: readonly [string, ...string[]],
  action: string,
  { exec, timeoutMs }: SwapAccess,
): Promise<void> {
  const { exitCode, timedOut, stderr } = await exec(command, { timeoutMs });
  if (exitCode !== 0) throw refuse(action, timedOut, stderr, timeoutMs);
}

function refuse(action: string, timedOut: boolean, stderr: string, timeoutMs: number): OpsError {
  const words = timedOut
    ? `no answer from the file system after ${timeoutMs / 1000} s`
    : stderr.trim().split("\n")[0];
  return new OpsError(`Cannot ${action}: ${words || "it failed without a word"}`, {
    outcome: "failed",
    hint: "Look at its mount",
  });
}
