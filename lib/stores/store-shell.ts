/**
 * A shell in the base directory of a store, on this host or another: everything that touches the store is done by a child.
 * A file system that hangs then holds the child, which can be left behind, and never this process.
 *
 * Every script gets its parameters as words of its own, so that a path with spaces, quotes or dollars means itself.
 */
import { Buffer } from "node:buffer";
import type { Exec } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { sshHint, sshReason } from "#lib/core/ssh-words.ts";
import type { RemoteLimits } from "#lib/stores/remote.ts";
import { runStreaming } from "#lib/tools/run-streaming.ts";

type Command = readonly [string, ...string[]];

export interface Order {
  /** For an error: `list "web1/app"`. */
  readonly action: string;
  readonly script: string;
  readonly parameters?: readonly string[];
  /** Its standard input. */
  readonly input?: string;
}

export interface StoreShell {
  /** The local command that runs a script in the base. */
  readonly command: (script: string, ...parameters: readonly string[]) => Command;
  /** Run a script; its standard output. Throws OpsError "failed" in its own words. */
  readonly run: (order: Order, limits: RemoteLimits) => Promise<string>;
  /** The same for output that is not ours, byte by byte: it may be damaged. */
  readonly read: (order: Order, limits: RemoteLimits) => Promise<Buffer>;
  /** What a script ended with, as an error. */
  readonly failure: (action: string, exitCode: number | null, stderr: string) => OpsError;
  /** An answer that is not what was asked for, as an error. */
  readonly unclear: (action: string, answer: string) => OpsError;
}

interface ShellRequest {
  readonly description: string;
  readonly base: string;
  /** Turns the words of a command into the command that is run here. */
  readonly wrap: (words: Command) => Command;
  /** For an error when nothing comes back. */
  readonly silence: { readonly reason: string; readonly hint: string };
  readonly exec: Exec;
  readonly env: Readonly<Record<string, string>>;
}

/** In English, and a base with a leading dash stays a path. */
const inBase = 'LC_ALL=C; export LC_ALL; unset CDPATH; cd -- "$1" || exit; shift; ';

export function createStoreShell(request: ShellRequest): StoreShell {
  const { description, wrap, silence, exec, env } = request;
  const base = request.base.startsWith("/") ? request.base : `./${request.base}`;
  const command: StoreShell["command"] = (script, ...parameters) =>
    wrap(["sh", "-c", inBase + script, "lastgood", base, ...parameters]);
  const refuse = (action: string, reason: string, hint: string | undefined) =>
    new OpsError(`Cannot ${action} in ${description}: ${reason}`, { outcome: "failed", hint });
  const failure: StoreShell["failure"] = (action, exitCode, stderr) => {
    const end = exitCode === null ? "it was killed" : `it ended with ${exitCode}`;
    return refuse(action, sshReason(stderr) || end, sshHint(stderr));
  };
  const silent = (action: string, ms: number) =>
    refuse(action, `${silence.reason} after ${ms / 1000} s`, silence.hint);
  return {
    command,
    run: async ({ action, script, parameters = [], input }, { timeoutMs, signal }) => {
      const words = command(script, ...parameters);
      const result = await exec(words, { timeoutMs, signal, input });
      if (result.exitCode === 0) return result.stdout;
      if (result.timedOut) throw silent(action, timeoutMs);
      throw failure(action, result.exitCode, result.notFound ? `Cannot run ${words[0]}` : result.stderr);
    },
    read: async ({ action, script, parameters = [] }, { timeoutMs, signal }) => {
      const chunks: Buffer[] = [];
      const words = command(script, ...parameters);
      const end = await runStreaming({
        command: words,
        env,
        stallMs: timeoutMs,
        signal,
        onStdout: (chunk) => chunks.push(chunk),
      });
      if (end.isStalled) throw silent(action, timeoutMs);
      if (end.exitCode !== 0) throw failure(action, end.exitCode, end.stderr);
      return Buffer.concat(chunks);
    },
    failure,
    unclear: (action, answer) =>
      refuse(
        action,
        `its answer is not whole ("${answer.slice(-80).trim()}")`,
        "Does a login script there print something, or was the connection cut?",
      ),
  };
}
