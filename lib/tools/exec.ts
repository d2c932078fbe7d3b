/**
 * The one place that runs programs with small output, by zx. Data never passes through here: zx keeps all output in
 * memory; archives go through `archive-pipeline.ts`.
 *
 * Three things are ours instead of zx's. The program is spawned itself, without a shell: Bun's pipes are sockets, and a
 * bash that finds a socket as its standard input takes itself for a remote shell and sources ~/.bashrc. The deadline and
 * the kill are ours: zx's timeout prints a deprecation under Deno, and it walks the process table instead of ending the
 * group that each program leads here.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { $, type ProcessOutput } from "zx/core";
import type { Exec, ExecResult } from "#lib/core/deps.ts";
import { describeError, errorCode } from "#lib/core/ops-error.ts";
import { endProcessGroup } from "#lib/tools/process-group.ts";
import { describeStartError, ensureStreams } from "#lib/tools/start-program.ts";

type Ending = Omit<ExecResult, "timedOut">;

/** Exec whose children see exactly `environment`, plus what a call adds, with messages in English. */
export function createExec(environment: Readonly<Record<string, string>>): Exec {
  return async ([program, ...args], options) => {
    options.signal?.throwIfAborted();
    let child: ChildProcess | undefined;
    const refused = Promise.withResolvers<Ending>();
    // zx never closes the input of a program that is given an empty one.
    const input = options.input === "" ? undefined : options.input;
    const run = $({
      nothrow: true,
      quiet: true,
      detached: true,
      // Neither is used, and zx looks for both along PATH, which may lack bash.
      shell: program,
      quote: String,
      env: { ...environment, LC_ALL: "C", ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(input === undefined ? {} : { input }),
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      spawn: ((_shell: string, _arguments: readonly string[], spawnOptions: object) => {
        child = ensureStreams(spawn(program, args, { ...spawnOptions, shell: false }));
        // zx waits for streams to close, which do not in every runtime.
        child.once("error", (error) => refused.resolve(endingOfRefusal(program, error)));
        // zx decodes chunk by chunk, and breaks the characters that lie across two of them.
        child.stdout?.setEncoding("utf8");
        child.stderr?.setEncoding("utf8");
        // A program may end without reading its input: its exit code says what that means.
        child.stdin?.on("error", () => undefined);
        return child;
      }) as typeof spawn,
    })`${program}`;
    const finished = Promise.race<Ending>([run.then(toEnding), refused.promise]);
    const ending = await untilEnd(finished, () => child, options.timeoutMs, options.signal);
    options.signal?.throwIfAborted();
    if (ending !== "cut") return { ...ending, timedOut: false };
    return { exitCode: null, signal: "SIGKILL", stdout: "", stderr: "", notFound: false, timedOut: true };
  };
}

function toEnding(output: ProcessOutput): Ending {
  return {
    exitCode: output.exitCode,
    signal: output.signal ?? undefined,
    stdout: output.stdout,
    // Too long a list of arguments is thrown by some runtimes before there is a child.
    stderr: output.stderr || (output.cause ? describeError(output.cause) : ""),
    notFound: false,
  };
}

/** Of a program that could not be started. */
function endingOfRefusal(program: string, error: Error): Ending {
  const notFound = ["ENOENT", "EACCES"].includes(errorCode(error) ?? "");
  const stderr = describeStartError(program, error);
  return { exitCode: null, signal: undefined, stdout: "", stderr, notFound };
}

/** The program's ending, or "cut": past the deadline and on abort its group is ended first. */
async function untilEnd(
  finished: Promise<Ending>,
  childOf: () => ChildProcess | undefined,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Ending | "cut"> {
  const cut = Promise.withResolvers<"cut">();
  const timer = setTimeout(() => cut.resolve("cut"), timeoutMs);
  const onAbort = () => cut.resolve("cut");
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const first = await Promise.race([finished, cut.promise]);
    const child = childOf();
    if (first === "cut" && child?.pid !== undefined) {
      const isGone = await endProcessGroup(child.pid);
      if (!isGone) abandon(child);
    }
    return first;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Let the event loop end although a child that cannot be killed still holds its pipes. */
function abandon(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
}
