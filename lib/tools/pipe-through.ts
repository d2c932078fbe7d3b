/**
 * One program's output into another's input, with a look at every byte between them. As fast as the slower of the two, in
 * memory that does not grow.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { versions } from "node:process";
import { endProcessGroup } from "#lib/tools/process-group.ts";
import { describeStartError, ensureStreams } from "#lib/tools/start-program.ts";

type Command = readonly [string, ...string[]];

export interface PipeRequest {
  readonly from: Command;
  readonly to: Command;
  readonly env: Readonly<Record<string, string>>;
  /** Added to the environment of `to`. */
  readonly toEnv?: Readonly<Record<string, string>> | undefined;
  /** What goes on of a chunk. What it throws ends both programs. */
  readonly pass: (chunk: Uint8Array) => Uint8Array;
  /** What `to` writes, which goes nowhere else. What it throws ends both programs. */
  readonly onOutput?: ((chunk: Uint8Array) => void) | undefined;
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
/**
 * Taken from the one and not yet taken by the other. On Bun so much that neither waits for the event loop. Deno reads on for as
 * long as there is something to read, while the other has nothing to do: there, one chunk is written while the next is read.
 */
const mostInFlight = "deno" in versions ? 64 * 1024 : 4 * 1024 * 1024;

/** Rejects with what `pass` throws, or the signal's reason; both programs have ended then. */
export async function pipeThrough(request: PipeRequest): Promise<PipeEnd> {
  const { env, signal, stallMs, from, to } = request;
  signal.throwIfAborted();
  const source = start(from, env, ["ignore", "pipe", "pipe"]);
  const { onOutput } = request;
  const output = onOutput === undefined ? "ignore" : "pipe";
  const sink = start(to, { ...env, ...request.toEnv }, ["pipe", output, "pipe"]);
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => undefined);
  let isStalled = false;
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
  sink.child.stdout?.on("data", (chunk: Uint8Array) => {
    onMove();
    try {
      onOutput?.(chunk);
    } catch (error) {
      stopped.reject(error);
    }
  });
  try {
    await Promise.race([pour(source, sink, request.pass, onMove), stopped.promise]);
    const [fromExit, toExit] = await Promise.race([Promise.all([source.ended, sink.ended]), stopped.promise]);
    return { fromExit, toExit, fromStderr: source.stderr(), toStderr: sink.stderr(), isStalled: false };
  } catch (error) {
    await Promise.all([source.kill(), sink.kill()]);
    signal.throwIfAborted();
    if (!isStalled) throw error;
    return { fromExit: null, toExit: null, fromStderr: source.stderr(), toStderr: sink.stderr(), isStalled };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** The end of what it has said. */
  readonly stderr: () => string;
  readonly kill: () => Promise<void>;
}

function start(
  [program, ...args]: Command,
  env: Readonly<Record<string, string>>,
  stdio: ["ignore" | "pipe", "ignore" | "pipe", "pipe"],
): Started {
  const child: ChildProcess = ensureStreams(
    spawn(program, args, {
      detached: true,
      env: { ...env, LC_ALL: "C", SHLVL: "1" },
      stdio,
    }),
  );
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-stderrKept);
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once("error", (error) => {
      stderr += describeStartError(program, error);
      resolve(null);
    });
    child.once("close", resolve);
  });
  return {
    child,
    ended,
    stderr: () => stderr.trim(),
    kill: async () => {
      if (child.pid !== undefined) await endProcessGroup(child.pid);
      // What cannot be killed waits for a dead file system, and must not keep us here.
      child.unref();
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
    },
  };
}

/** Everything that `pass` lets through, until either of them has ended: their exits say why. */
async function pour(
  source: Started,
  sink: Started,
  pass: PipeRequest["pass"],
  onMove: () => void,
): Promise<void> {
  const { stdout } = source.child;
  const { stdin } = sink.child;
  if (stdout === null || stdin === null) throw new TypeError("A pipe is missing");
  const poured = Promise.withResolvers<void>();
  let isOpen = true;
  let inFlight = 0;
  const close = () => {
    isOpen = false;
    poured.resolve();
  };
  stdin.on("error", close);
  void sink.ended.then(close);
  stdout.once("close", close).once("error", poured.reject);
  // Events, not an iterator: a promise for each of many chunks costs more than what is done with it.
  stdout.on("data", (chunk: Uint8Array) => {
    if (!isOpen) return;
    onMove();
    try {
      const passed = pass(chunk);
      if (passed.length === 0) return;
      inFlight += passed.length;
      stdin.write(passed, () => {
        inFlight -= passed.length;
        onMove();
        if (inFlight <= mostInFlight) stdout.resume();
      });
      if (inFlight > mostInFlight) stdout.pause();
    } catch (error) {
      isOpen = false;
      poured.reject(error);
    }
  });
  await poured.promise;
  stdout.destroy();
  stdin.end();
}
