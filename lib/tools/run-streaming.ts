/** A program that may run for hours and says something while it does; silence means that it is stuck. */
import { spawn } from "node:child_process";
import { endProcessGroup } from "#lib/tools/process-group.ts";
import { describeStartError, ensureStreams } from "#lib/tools/start-program.ts";

export interface StreamingRequest {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Given up when neither stream has moved for this long. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
  readonly onStdout: (chunk: Buffer) => void;
}

export interface StreamingEnd {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  /** The end of what it said on stderr. */
  readonly stderr: string;
  readonly isStalled: boolean;
}

const stderrKept = 8192;

/** Run it to its end. Rejects with the signal's reason when that is aborted; its group is ended first. */
export async function runStreaming(request: StreamingRequest): Promise<StreamingEnd> {
  request.signal.throwIfAborted();
  const [program, ...args] = request.command;
  const child = ensureStreams(
    spawn(program, args, {
      detached: true,
      env: { ...request.env, LC_ALL: "C", SHLVL: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  let stderr = "";
  let isStalled = false;
  const ended = Promise.withResolvers<number | null>();
  child.once("error", (error) => {
    stderr += describeStartError(program, error);
    ended.resolve(null);
  });
  child.once("close", (code) => ended.resolve(code));
  const giveUp = () => {
    if (child.pid === undefined) return;
    endProcessGroup(child.pid).then((isGone) => {
      // What cannot be killed waits for a dead file system. It is left behind, and its pipes with it: they would keep us here.
      if (!isGone) for (const stream of [child.stdout, child.stderr]) stream.destroy();
      ended.resolve(null);
    }, ended.reject);
  };
  const onStall = () => {
    isStalled = true;
    giveUp();
  };
  let stall = setTimeout(onStall, request.stallMs);
  const onActivity = () => {
    clearTimeout(stall);
    stall = setTimeout(onStall, request.stallMs);
  };
  child.stdout.on("data", (chunk: Buffer) => {
    onActivity();
    request.onStdout(chunk);
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    onActivity();
    stderr = (stderr + chunk).slice(-stderrKept);
  });
  request.signal.addEventListener("abort", giveUp, { once: true });
  try {
    const exitCode = await ended.promise;
    request.signal.throwIfAborted();
    return { exitCode, stderr: stderr.trim(), isStalled };
  } finally {
    clearTimeout(stall);
    request.signal.removeEventListener("abort", giveUp);
    child.unref();
  }
}
