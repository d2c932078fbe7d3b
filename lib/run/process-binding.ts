/**
 * The door: the one module that touches argv, the environment, signals and `process.exitCode`.
 *
 * Nothing calls `process.exit()`: under Bun it truncates piped output, and everywhere it skips `finally`. The process ends
 * when its event loop is empty. A file system that never answers can keep it from emptying; then, after everything is
 * said and written, the process ends itself the only way left.
 */
import { fstatSync } from "node:fs";
import { homedir, hostname } from "node:os";
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { setTimeout as delay } from "node:timers/promises";
import { errorCode } from "#lib/core/ops-error.ts";
import { exitCodeOf, type SignalName } from "#lib/core/outcome.ts";
import type { LostText, OutputStream, World } from "#lib/run/world.ts";

const signals: readonly SignalName[] = ["SIGHUP", "SIGINT", "SIGTERM"];
const drainMs = 20_000;
const bugExit = exitCodeOf("bug");

/** Run a program as this process and make its result the exit code. */
export async function bindProcess(program: (world: World) => Promise<number>): Promise<void> {
  process.exitCode = bugExit;
  try {
    process.exitCode = await program(createWorld());
  } catch (error) {
    // Only an error in the reporting itself gets here: say it where cron and the journal hear it.
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  }
  // The program's children and timers are gone by now: whatever still holds the loop can only be a wedged system call.
  const wedged = delay(drainMs, undefined, { ref: false });
  void wedged.then(() => process.kill(process.pid, "SIGKILL"));
}

function createWorld(): World {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    uid: process.getuid?.() ?? 0,
    pid: process.pid,
    home: process.env["HOME"] ?? homedir(),
    hostname: hostname(),
    isInteractive: isInteractive(),
    ask,
    stdout: outputStream(process.stdout),
    stderr: outputStream(process.stderr),
    runtime: runtimeName(),
    launcher: process.versions["deno"] === undefined ? [process.execPath] : [process.execPath, "run", "-A"],
    isJournal: isJournal(process.env["JOURNAL_STREAM"]),
    watch: watchProcess,
  };
}

function outputStream(stream: NodeJS.WriteStream): OutputStream {
  stream.on("error", () => undefined);
  let first: { readonly lost: LostText | undefined } | undefined;
  let isBroken = false;
  return {
    write: (text) =>
      new Promise((resolve) => {
        const settle = (cause?: unknown) => {
          if (cause) first ??= { lost: errorCode(cause) === "EPIPE" ? undefined : { cause } };
          resolve(first?.lost);
        };
        if (isBroken) return settle();
        try {
          stream.write(text, settle);
        } catch (cause) {
          // Bun gives the error to `settle`, and writes on once there is room; Deno throws it, and never settles what comes after it.
          isBroken = true;
          settle(cause);
        }
      }),
    isTerminal: stream.isTTY === true,
    columns: stream.columns ?? 80,
  };
}

function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** By lines, not by raw keys: the terminal's Ctrl-C stays a signal. An end of input is no answer. */
async function ask(question: string, signal: AbortSignal): Promise<string | undefined> {
  if (!isInteractive()) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const closed = new Promise<undefined>((resolve) => lines.once("close", () => resolve(undefined)));
    return await Promise.race([lines.question(question, { signal }), closed]);
  } finally {
    lines.close();
  }
}

function runtimeName(): string {
  const { bun, deno, node } = process.versions;
  if (bun !== undefined) return `bun ${bun}`;
  return deno === undefined ? `node ${node}` : `deno ${deno}`;
}

/** systemd names the journal's device and inode, so that a program can tell whether its stderr is still that stream. */
function isJournal(journalStream: string | undefined): boolean {
  if (journalStream === undefined) return false;
  const { dev, ino } = fstatSync(2);
  return journalStream === `${dev}:${ino}`;
}

const watchProcess: World["watch"] = ({ onSignal, onBug }) => {
  for (const signal of signals) process.on(signal, onSignal);
  process.on("uncaughtException", onBug);
  process.on("unhandledRejection", onBug);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
    process.off("uncaughtException", onBug);
    process.off("unhandledRejection", onBug);
  };
};
