/** A program that may run for hours and is asked to end before it is made to: a backup restarts what it stopped. */
import { spawn } from "node:child_process";
import { endProcessGroup } from "#lib/tools/process-group.ts";
import { describeStartError, ensureStreams } from "#lib/tools/start-program.ts";

export interface LongRun {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Between the request to end and the end by force. */
  readonly graceMs: number;
  readonly signal: AbortSignal;
}

export interface LongRunEnd {
  /** `null` when a signal ended it, or when it could not be run. */
  readonly exitCode: number | null;
  /** Why it was ended from here, if it was. */
  readonly cut: "late" | "aborted" | undefined;
  /** The end of what it said, on either stream. */
  readonly output: string;
}

const outputKept = 8192;
const killWaitMs = 5000;

/** Run a program without a shell to its end, or to ours. Never rejects for what the program does. */
export async function runToEnd({ command, env, timeoutMs, graceMs, signal }: LongRun): Promise<LongRunEnd> {
  const [program, ...args] = command;
  if (signal.aborted) return { exitCode: null, cut: "aborted", output: "" };
  const child = ensureStreams(
    spawn(program, args, { detached: true, env, stdio: ["ignore", "pipe", "pipe"] }),
  );
  let output = "";
  let cut: LongRunEnd["cut"];
  const ended = Promise.withResolvers<number | null>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-outputKept);
    });
  }
  child.once("error", (error) => {
    output += describeStartError(program, error);
    ended.resolve(null);
  });
  child.once("close", (code) => ended.resolve(code));
  const end = (reason: NonNullable<LongRunEnd["cut"]>) => {
    if (cut !== undefined || child.pid === undefined) return;
    cut = reason;
    endProcessGroup(child.pid, { graceMs, killWaitMs }).then((isGone) => {
      if (!isGone) for (const stream of [child.stdout, child.stderr]) stream.destroy();
      ended.resolve(null);
    }, ended.reject);
  };
  const timer = setTimeout(() => end("late"), timeoutMs);
  const onAbort = () => end("aborted");
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return { exitCode: await ended.promise, cut, output };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    child.unref();
  }
}
