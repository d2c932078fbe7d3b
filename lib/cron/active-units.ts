import type { Machine } from "#lib/cron/machine.ts";

/** Debian's cron, and those of other distributions. */
export const cronServices = ["cron.service", "crond.service", "cronie.service"] as const;

/** systemd itself, which runs wherever it answers: in a chroot systemctl says nothing, and calls that a success. */
const ownUnit = "init.scope";

/**
 * Timers and crons that run now: a timer can be started without being enabled, and enabled without being started. Undefined
 * where systemd does not run, or does not answer.
 */
export async function askActiveUnits(machine: Machine): Promise<ReadonlySet<string> | undefined> {
  if (machine.root !== "/") return undefined;
  const { exitCode, stdout } = await machine.exec(
    [
      "systemctl",
      "list-units",
      "--state=active",
      "--plain",
      "--no-legend",
      ownUnit,
      "*.timer",
      ...cronServices,
    ],
    { timeoutMs: machine.timeoutMs },
  );
  const units = new Set(stdout.split("\n").flatMap((line) => line.split(" ")[0] || []));
  return exitCode === 0 && units.has(ownUnit) ? units : undefined;
}
