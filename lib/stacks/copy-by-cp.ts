/** A tree copied by `cp`, which shares blocks where the file system can. */
import { OpsError } from "#lib/core/ops-error.ts";
import type { CopyAccess } from "#lib/stacks/copy-by-tar.ts";
import { runStreaming } from "#lib/tools/run-streaming.ts";

const isOfLiveTree =
  /: (?:No such file or directory|skipping file .*, as it was replaced while being copied)$/;

/** Copy `root` into the directory `target`. While it lives, what vanishes is passed over. Throws OpsError "failed". */
export async function copyByCp(
  root: string,
  target: string,
  isLive: boolean,
  { env, signal, stallMs }: CopyAccess,
): Promise<void> {
  const end = await runStreaming({
    // Each name that it says is a sign of life.
    command: ["cp", "--archive", "--reflink=auto", "--verbose", `--target-directory=${target}`, "--", root],
    env,
    signal,
    stallMs,
    onStdout: () => undefined,
  });
  if (end.exitCode === 0) return;
  const wrong = end.stderr.split("\n").filter((line) => !(isLive && isOfLiveTree.test(line)));
  if (end.exitCode === 1 && wrong.length === 0) return;
  const silence = `no answer from the file system after ${stallMs / 1000} s`;
  const reason = end.isStalled ? silence : wrong.at(-1) || `cp ended with ${end.exitCode ?? "a signal"}`;
  throw new OpsError(`Cannot copy "${root}": ${reason}`, {
    outcome: "failed",
    hint: "Free space where the copy is made, or set STACK_STAGING_DIR",
  });
}
