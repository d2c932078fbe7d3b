import type { Exec } from "#lib/core/deps.ts";
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
  const result = await exec(journalCommand(target, invocationId, shown), { timeoutMs });
  return result.exitCode === 0 ? result.stdout.split("\n").filter((line) => line.trim() !== "") : [];
}

/** The command that shows the journal of one run, where its manager is. */
export function journalCommand(
  target: ManagerTarget,
  invocationId: string,
  options: readonly string[],
): [string, ...string[]] {
  const isUser = target.kind === "user";
  const args = [
    ...["--quiet", "--no-pager", ...options, ...(isUser ? ["--user"] : [])],
    ...[`_SYSTEMD_INVOCATION_ID=${invocationId}`, "+"],
    `${isUser ? "USER_INVOCATION_ID" : "INVOCATION_ID"}=${invocationId}`,
  ];
  return target.kind === "host" ? sshCommand(target.host, ["journalctl", ...args]) : ["journalctl", ...args];
}
