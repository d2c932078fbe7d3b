/** What is left when no channel delivers: the system's log, and every open terminal. */
import type { Exec } from "#lib/core/deps.ts";

const timeoutMs = 5000;

/** Write a line to syslog or the journal; false where there is neither. */
export async function writeSyslog(exec: Exec, text: string): Promise<boolean> {
  // Short options: busybox has no others.
  const result = await exec(["logger", "-t", "lastgood", "-p", "cron.err", "--", text], { timeoutMs });
  return result.exitCode === 0;
}

/** Tell everybody who is logged in; false where that cannot be done. */
export async function writeToTerminals(exec: Exec, text: string): Promise<boolean> {
  const result = await exec(["wall"], { timeoutMs, input: `${text}\n` });
  return result.exitCode === 0;
}
