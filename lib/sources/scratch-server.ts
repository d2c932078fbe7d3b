/** A database server that exists for one drill: a new data directory, a socket that nobody else knows, no network. */
import { Buffer } from "node:buffer";
import type { Clock, Exec } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { type Daemon, startDaemon } from "#lib/tools/daemon.ts";

export interface ScratchAccess {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly isRoot: boolean;
  /** Environment of children: marked with the run, so that they end with it. */
  readonly childEnvironment: Readonly<Record<string, string>>;
  /** New, and removed by whoever asked for the server. */
  readonly directory: string;
}

export interface ScratchServer {
  readonly stop: () => Promise<void>;
}

type Command = readonly [string, ...string[]];

/** Of the kernel, without the byte that ends it. */
const longestSocket = 107;
const startMs = 120_000;
const pollMs = 100;

/** Programs of servers lie where the PATH of cron does not lead. */
export function withServerPath(command: Command, directories: readonly string[]): Command {
  return ["sh", "-c", 'PATH="$0:$PATH" exec "$@"', directories.join(":"), ...command];
}

/** Run a program that prepares the server. Throws OpsError "failed" in its own words. */
export async function prepareServer(
  { exec, signal }: ScratchAccess,
  command: Command,
  action: string,
): Promise<void> {
  const result = await exec(command, { timeoutMs: startMs, signal, cwd: "/" });
  if (result.exitCode === 0) return;
  const lines = (result.stderr.trim() || result.stdout).split("\n").filter((line) => line.trim() !== "");
  const words = lines.slice(0, 3).join("; ");
  throw new OpsError(`Cannot ${action}: ${result.timedOut ? `no end after ${startMs / 1000} s` : words}`, {
    outcome: "failed",
    hint: "A drill of a database needs its server's programs on this host: apt-get install mariadb-server, or postgresql",
  });
}

/** Throws OpsError "failed" for a path that no program could connect to. */
export function checkSocket(path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= longestSocket) return;
  throw new OpsError(
    `Cannot start a server for the drill: the path of its socket would have ${length} bytes, ${longestSocket} are possible`,
    { outcome: "failed", hint: "Give a shorter directory by --to" },
  );
}

/** Start it and wait until it answers. Throws OpsError "failed". */
export async function startServer(
  access: ScratchAccess,
  command: Command,
  probe: Command,
): Promise<ScratchServer> {
  const { exec, clock, signal, childEnvironment } = access;
  const daemon = startDaemon(command, childEnvironment);
  const stop = async () => {
    await daemon.stop();
  };
  try {
    const deadlineMs = clock.monotonicMs() + startMs;
    for (;;) {
      refuseIfOver(daemon, clock.monotonicMs() > deadlineMs);
      const { exitCode } = await exec(probe, { timeoutMs: 10_000, signal, cwd: "/" });
      if (exitCode === 0) return { stop };
      await clock.sleep(pollMs, signal);
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

function refuseIfOver(daemon: Daemon, isLate: boolean): void {
  const ending = daemon.ending();
  if (ending === undefined && !isLate) return;
  throw new OpsError(`Cannot start a server for the drill: ${ending ?? "it does not answer"}`, {
    outcome: "failed",
    hint: "Look at room and memory of this host",
  });
}
