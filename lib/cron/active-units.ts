import type { Machine } from "#lib/cron/machine.ts";

/** Debian's cron, and those of other distributions. */
export const cronServices = ["cron.service", "crond.service", "cronie.service"] as const;

/**
 * Timers and crons that run now: a timer can be started without being enabled, and enabled without being started. Undefined
 * where systemd does not run, or does not answer.
 */
export async function askActiveUnits(machine: Machine): Promise<ReadonlySet<string> | undefined> {
  if (machine.root !== "/") return undefined;
  const { exitCode, stdout } = await machine.exec(
    ["systemctl", "list-units", "--state=active", "--plain", "--no-legend", "*.timer", ...cronServices],
    { timeoutMs: machine.timeoutMs },
  );
  if (exitCode !== 0) return undefined;
  return new Set(stdout.split("\n").flatMap((line) => line.split(" ")[0] || []));
}
