/**
 * One program's output into another's input, with a look at every byte between them. As fast as the slower of the two, in
 * memory that does not grow.
 */
import { spawn } from "node:child_process";
import { startChildSink } from "#lib/tools/child-sink.ts";
import { endProcessGroup } from "#lib/tools/process-group.ts";

type Command = readonly [string, ...string[]];

export interface PipeRequest {
  readonly from: Command;
  readonly to: Command;
  readonly env: Readonly<Record<string, string>>;
  /** Added to the environment of `to`. */
  readonly toEnv?: Readonly<Record<string, string>> | undefined;
  /** What goes on of a chunk. What it throws ends both programs. */
  readonly pass: (chunk: Uint8Array) => Uint8Array;
  /** Given up when nothing has moved for so long. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

export interface PipeEnd {
  /** `null` when a signal ended it. */
  readonly fromExit: number | null;
  readonly fromStderr: string;
  readonly toExit: number | null;
  readonly toStderr: string;
  readonly isStalled: boolean;
}

const stderrKept = 4096;

/** Rejects with what `pass` throws, or the signal's reason; both programs have ended then. */
export async function pipeThrough(request: PipeRequest): Promise<PipeEnd> {
  const { env, signal, stallMs } = request;
  signal.throwIfAborted();
  const [program, ...args] = request.from;
  const source = spawn(program, args, {
    detached: true,
    env: { ...env, LC_ALL: "C", SHLVL: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const sink = startChildSink({ command: request.to, env: { ...env, ...request.toEnv } });
  let fromStderr = "";
  source.stderr.setEncoding("utf8").on("data", (text: string) => {
    fromStderr = (fromStderr + text).slice(-stderrKept);
  });
  const sourceEnded = new Promise<number | null>((resolve) => {
    source.once("error", (error) => {
      fromStderr += `Cannot run ${program}: ${error.message}`;
      resolve(null);
    });
    source.once("close", resolve);
  });
  const endBoth = async () => {
    const endings = [sink.kill(), source.pid === undefined ? true : endProcessGroup(source.pid)];
    await Promise.all(endings);
    // What cannot be killed waits for a dead file system, and must not keep us here.
    for (const stream of [source.stdout, source.stderr]) stream.destroy();
  };
  let isStalled = false;
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => undefined);
  const onStall = () => {
    isStalled = true;
    stopped.reject(new Error("stalled"));
  };
  const onAbort = () => stopped.reject(signal.reason);
  let timer = setTimeout(onStall, stallMs);
  const onMove = () => {
    clearTimeout(timer);
    timer = setTimeout(onStall, stallMs);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const pour = async () => {
    for await (const chunk of source.stdout) {
      onMove();
      const passed = request.pass(chunk as Uint8Array);
      if (passed.length > 0 && !(await sink.write(passed))) break;
    }
    // tar still writes what it has taken; its own time begins.
    onMove();
    const end = await sink.finish();
    return { fromExit: await sourceEnded, toExit: end.exitCode, toStderr: end.stderr };
  };
  try {
    const end = await Promise.race([pour(), stopped.promise]);
    return { ...end, fromStderr: fromStderr.trim(), isStalled: false };
  } catch (error) {
    await endBoth();
    signal.throwIfAborted();
    if (!isStalled) throw error;
    return { fromExit: null, toExit: null, toStderr: "", fromStderr: fromStderr.trim(), isStalled };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
