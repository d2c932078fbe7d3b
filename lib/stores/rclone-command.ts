/** Commands of rclone on one remote. */
import { stat } from "node:fs/promises";
import type { Clock, Exec, ExecResult } from "#lib/core/deps.ts";
import { createLineSplitter } from "#lib/core/line-splitter.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { parseProgress } from "#lib/core/rclone-answers.ts";
import { rcloneHint, rcloneReason } from "#lib/core/rclone-words.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import type { RemoteLimits, Transfer } from "#lib/stores/remote.ts";
import { runStreaming } from "#lib/tools/run-streaming.ts";

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly isExpected?: (exitCode: number | null) => boolean;
}

export interface Rclone {
  /** The remote, for people. */
  readonly description: string;
  /** Run it to its end. Throws OpsError "failed" unless it ended with 0, or `isExpected` takes another exit. */
  readonly run: (limits: RemoteLimits, args: readonly string[], options?: RunOptions) => Promise<ExecResult>;
  /** Copy one local file to `target`, in place of what is there. Throws OpsError "failed". */
  readonly copy: (localPath: string, target: string, transfer: Transfer) => Promise<void>;
}

export interface RcloneTools {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string>>;
}

/** Bounded in every way: rclone's own patience is for people at a keyboard. */
const patience = ["--retries=1", "--low-level-retries=3", "--contimeout=15s", "--ask-password=false"];

/**
 * By the environment, where a release of rclone that does not know a setting passes it over.
 *
 * Uploads are written under their own name, which is in a hidden directory and replaced by the next attempt: under a name of
 * rclone's invention, what a killed one leaves would stay in the set. And the file is not read a second time before its upload,
 * for an MD5 that nobody compares: that would be hours in which nothing seems to move.
 */
const uploadSettings = {
  RCLONE_INPLACE: "true",
  RCLONE_S3_DISABLE_CHECKSUM: "true",
  RCLONE_B2_DISABLE_CHECKSUM: "true",
  RCLONE_AZUREBLOB_DISABLE_CHECKSUM: "true",
};

/** What rclone says on standard error, on standard output: that is where it is followed while it runs. */
const speakAloud = ["sh", "-c", 'exec "$@" 2>&1', "rclone"] as const;

const logKept = 8192;
const shellCannotRun = 127;

export function createRclone(target: StoreTarget, description: string, tools: RcloneTools): Rclone {
  const commandOf = ([command = "", ...rest]: readonly string[]): [string, ...string[]] => {
    const config = target.rcloneConfig === undefined ? [] : [`--config=${target.rcloneConfig}`];
    // A connection that moves nothing for so long is broken: rclone sees that better than anybody outside.
    const idle = `--timeout=${Math.max(1, Math.round(target.stallMs / 1000))}s`;
    return ["rclone", command, ...config, ...patience, idle, ...rest];
  };
  return {
    description,
    run: async ({ signal, timeoutMs }, args, { env, isExpected } = {}) => {
      const result = await tools.exec(commandOf([...args, "--stats=0"]), { timeoutMs, signal, env });
      if (result.exitCode === 0 || isExpected?.(result.exitCode) === true) return result;
      if (result.notFound) throw notInstalled();
      if (!result.timedOut) throw rcloneError(description, args[0], result.stderr, result.exitCode);
      throw new OpsError(
        `Cannot use ${description} (rclone ${args[0]}): no answer after ${timeoutMs / 1000} s`,
        { outcome: "failed", hint: "Is the remote up, or does its disk hang?" },
      );
    },
    copy: (localPath, path, transfer) => {
      const { bytesPerSecond } = transfer;
      const limit =
        bytesPerSecond === undefined ? [] : [`--bwlimit=${Math.max(1, Math.round(bytesPerSecond / 1024))}k`];
      const progress = ["--use-json-log", "--stats=1s", "--stats-log-level=NOTICE"];
      // Never taken for uploaded by size and time: only the hash says that.
      const command = commandOf(["copyto", "--ignore-times", ...progress, ...limit, localPath, path]);
      return follow(command, localPath, description, tools, transfer);
    },
  };
}

/** Run a copy, and end it when its bytes do not move. */
async function follow(
  command: readonly string[],
  localPath: string,
  description: string,
  { clock, env }: RcloneTools,
  { signal, stallMs, onBytes }: Transfer,
): Promise<void> {
  const stalled = new AbortController();
  const stallError = () =>
    new OpsError(`Cannot upload to ${description}: nothing has moved for ${stallMs / 1000} s`, {
      outcome: "failed",
      hint: "Look at the connection, and at the disk there",
    });
  let log = "";
  let [moved, movedAtMs] = [0, clock.monotonicMs()];
  const lines = createLineSplitter((line) => {
    const bytes = parseProgress(line);
    if (bytes === undefined) {
      log = `${log}${line}\n`.slice(-logKept);
    } else if (bytes !== moved) {
      [moved, movedAtMs] = [bytes, clock.monotonicMs()];
      onBytes(bytes);
    } else if (clock.monotonicMs() - movedAtMs > stallMs) {
      stalled.abort(stallError());
    }
  });
  const decoder = new TextDecoder();
  const { size } = await stat(localPath);
  const end = await runStreaming({
    command: [...speakAloud, ...command],
    env: { ...env, ...uploadSettings },
    // rclone speaks once a second: when it does not, it hangs itself.
    stallMs,
    signal: AbortSignal.any([signal, stalled.signal]),
    onStdout: (chunk) => lines.write(decoder.decode(chunk, { stream: true })),
  });
  lines.end();
  if (end.isStalled) throw stallError();
  if (end.exitCode === shellCannotRun) throw notInstalled();
  if (end.exitCode !== 0) throw rcloneError(description, command[1], log, end.exitCode);
  onBytes(size);
}

function notInstalled(): OpsError {
  return new OpsError("Cannot run rclone: it is not installed", {
    outcome: "failed",
    hint: "apt-get install rclone; under cron, set PATH",
  });
}

function rcloneError(
  description: string,
  command: string | undefined,
  log: string,
  exitCode: number | null,
): OpsError {
  const reason = rcloneReason(log, exitCode);
  return new OpsError(`Cannot use ${description} (rclone ${command}): ${reason}`, {
    outcome: "failed",
    hint: rcloneHint(log, exitCode),
  });
}
