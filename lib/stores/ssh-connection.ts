/**
 * Commands on a host by plain ssh. All that is needed there is a POSIX shell with the usual programs, busybox's included.
 *
 * Every script gets its parameters as words of its own, so that a path with spaces, quotes or dollars means itself.
 */
import type { Exec } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";
import { sshHint, sshReason } from "#lib/core/ssh-words.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import type { RemoteLimits } from "#lib/stores/remote.ts";

type Command = readonly [string, ...string[]];

export interface SshConnection {
  /** The local command that runs a script there. */
  readonly command: (script: string, ...parameters: readonly string[]) => Command;
  /** Run a script in the base directory; its standard output. Throws OpsError "failed" in ssh's or the host's words. */
  readonly run: (limits: RemoteLimits, script: string, ...parameters: readonly string[]) => Promise<string>;
  /** The same with a text on its standard input. */
  readonly write: (
    limits: RemoteLimits,
    text: string,
    script: string,
    ...parameters: readonly string[]
  ) => Promise<void>;
}

/** What a script ended with, as an error. */
export function sshError(
  action: string,
  description: string,
  exitCode: number | null,
  stderr: string,
): OpsError {
  const reason = sshReason(stderr) || (exitCode === null ? "it was killed" : `it ended with ${exitCode}`);
  return new OpsError(`Cannot ${action} ${description}: ${reason}`, {
    outcome: "failed",
    hint: sshHint(stderr),
  });
}

export function connectSsh(target: StoreTarget, base: string, host: string, exec: Exec): SshConnection {
  const options = sshOptions(target, host);
  const description = `ssh ${host}`;
  const command: SshConnection["command"] = (script, ...parameters) => {
    // A base with a leading dash stays a path.
    const inBase = `cd -- "$1" || exit; shift; ${script}`;
    const words = ["sh", "-c", inBase, "lastgood", base, ...parameters].map(quoteForShell);
    return ["ssh", ...options, words.join(" ")];
  };
  const execute = async (
    limits: RemoteLimits,
    script: string,
    parameters: readonly string[],
    input?: string,
  ): Promise<string> => {
    const { timeoutMs, signal } = limits;
    const result = await exec(command(script, ...parameters), {
      timeoutMs,
      signal,
      ...(input === undefined ? {} : { input }),
    });
    if (result.exitCode === 0) return result.stdout;
    if (result.notFound) {
      throw new OpsError("Cannot run ssh: it is not installed", {
        outcome: "failed",
        hint: "apt-get install openssh-client; under cron, set PATH",
      });
    }
    if (result.timedOut) {
      throw new OpsError(`Cannot reach ${description}: no answer after ${timeoutMs / 1000} s`, {
        outcome: "failed",
        hint: "Is the host up, or does its disk hang?",
      });
    }
    throw sshError("use", description, result.exitCode, result.stderr);
  };
  return {
    command,
    run: (limits, script, ...parameters) => execute(limits, script, parameters),
    write: async (limits, text, script, ...parameters) => {
      await execute(limits, script, parameters, text);
    },
  };
}

/** Strict about host keys, silent, and sure to notice a host that has gone. The user's own configuration stays in force. */
function sshOptions(target: StoreTarget, host: string): string[] {
  const { address, keyFile, knownHostsFile } = target;
  const { port, user } = address.kind === "ssh" ? address : {};
  const given = (name: string, value: string | undefined) =>
    value === undefined ? [] : ["-o", `${name}=${value}`];
  return [
    "-T",
    "-a",
    "-x",
    ...given("BatchMode", "yes"),
    ...given("StrictHostKeyChecking", "yes"),
    ...given("ConnectTimeout", "15"),
    ...given("ServerAliveInterval", "15"),
    ...given("ServerAliveCountMax", "4"),
    ...given("ClearAllForwardings", "yes"),
    ...given("LogLevel", "ERROR"),
    ...given("UserKnownHostsFile", knownHostsFile && quoteForConfig(knownHostsFile)),
    ...given("IdentityFile", keyFile && quoteForConfig(keyFile)),
    ...given("IdentitiesOnly", keyFile === undefined ? undefined : "yes"),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(user === undefined ? [] : ["-l", user]),
    "--",
    host,
  ];
}

/** In ssh's configuration a percent sign begins a token, and a space ends a word. */
function quoteForConfig(path: string): string {
  return `"${path.replaceAll("%", "%%").replaceAll('"', '\\"')}"`;
}
