import type { Exec, ExecResult } from "#lib/core/deps.ts";
import { sshCommand } from "#lib/units/ssh-command.ts";
import type { ManagerTarget } from "#lib/units/unit-manager.ts";

const timeoutMs = 20_000;
const linesShown = "10";

/** The last lines of one run of a unit, its own and systemd's about it; empty where no journal can be read. */
export async function readUnitJournal(
  exec: Exec,
  target: ManagerTarget,
  invocationId: string,
): Promise<readonly string[]> {
  const shown = ["--output=cat", `--lines=${linesShown}`];
  const result = await askJournal(exec, target, invocationId, shown);
  return result.exitCode === 0 ? result.stdout.split("\n").filter((line) => line.trim() !== "") : [];
}

/** What the journal has of one run, where its manager is. */
export async function askJournal(
  exec: Exec,
  target: ManagerTarget,
  invocationId: string,
  options: readonly string[],
): Promise<ExecResult> {
  // What a unit wrote last may still be on its way into the journal. Only root may have it waited for.
  await exec(commandAt(target, ["journalctl", "--sync"]), { timeoutMs });
  const isUser = target.kind === "user";
  const args = [
    ...["--quiet", "--no-pager", ...options, ...(isUser ? ["--user"] : [])],
    ...[`_SYSTEMD_INVOCATION_ID=${invocationId}`, "+"],
    `${isUser ? "USER_INVOCATION_ID" : "INVOCATION_ID"}=${invocationId}`,
  ];
  return exec(commandAt(target, ["journalctl", ...args]), { timeoutMs });
}

function commandAt(
  target: ManagerTarget,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  return target.kind === "host" ? sshCommand(target.host, command) : command;
}
