/** Commands of rclone on one remote. */
import type { Exec, ExecResult } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { rcloneHint, rcloneReason } from "#lib/core/rclone-words.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import type { RemoteLimits } from "#lib/stores/remote.ts";

export interface Rclone {
  /** Run it to its end. Throws OpsError "failed" unless it ended with 0, or `isExpected` takes another exit. */
  readonly run: (
    limits: RemoteLimits,
    args: readonly string[],
    options?: { readonly input?: string; readonly isExpected?: (exitCode: number | null) => boolean },
  ) => Promise<ExecResult>;
}

/** Bounded in every way: rclone's own patience is for people at a keyboard. */
const patience = [
  "--retries=1",
  "--low-level-retries=3",
  "--contimeout=15s",
  "--stats=0",
  "--ask-password=false",
];

export function createRclone(target: StoreTarget, description: string, exec: Exec): Rclone {
  const config = target.rcloneConfig === undefined ? [] : [`--config=${target.rcloneConfig}`];
  // A transfer that moves nothing for so long is broken: rclone sees that better than anybody outside.
  const idle = `--timeout=${Math.max(1, Math.round(target.stallMs / 1000))}s`;
  const run: Rclone["run"] = async ({ signal, timeoutMs }, args, { input, isExpected } = {}) => {
    const [command = "", ...rest] = args;
    const result = await exec(["rclone", command, ...config, ...patience, idle, ...rest], {
      timeoutMs,
      signal,
      ...(input === undefined ? {} : { input }),
    });
    if (result.exitCode === 0 || isExpected?.(result.exitCode) === true) return result;
    throw rcloneError(command, description, result, timeoutMs);
  };
  return { run };
}

function rcloneError(command: string, description: string, result: ExecResult, timeoutMs: number): OpsError {
  if (result.notFound) {
    return new OpsError("Cannot run rclone: it is not installed", {
      outcome: "failed",
      hint: "apt-get install rclone; under cron, set PATH",
    });
  }
  const reason = result.timedOut
    ? `no answer after ${timeoutMs / 1000} s`
    : rcloneReason(result.stderr) || `it ended with ${result.exitCode ?? "a signal"}`;
  return new OpsError(`Cannot use ${description} (rclone ${command}): ${reason}`, {
    outcome: "failed",
    hint: rcloneHint(result.stderr),
  });
}
