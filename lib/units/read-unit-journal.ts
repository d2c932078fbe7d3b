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
  const by = target.kind === "user" ? "USER_INVOCATION_ID" : "INVOCATION_ID";
  const command = [
    ...["journalctl", "--quiet", "--no-pager", "--output=cat", `--lines=${linesShown}`],
    ...(target.kind === "user" ? ["--user"] : []),
    ...[`_SYSTEMD_INVOCATION_ID=${invocationId}`, "+", `${by}=${invocationId}`],
  ] as const;
  const [program = "journalctl", ...args] =
    target.kind === "host" ? sshCommand(target.host, command) : command;
  const result = await exec([program, ...args], { timeoutMs });
  return result.exitCode === 0 ? result.stdout.split("\n").filter((line) => line.trim() !== "") : [];
}
