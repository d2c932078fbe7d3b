/** Users of a machine: those of its passwd file, and on this machine those that its directory service knows. */
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import type { Machine } from "#lib/cron/machine.ts";

export interface MachineUser {
  readonly name: string;
  readonly home: string;
}

const ofCrontabs: ReadonlySet<ScheduleEntry["source"]> = new Set(["crontab", "cron.d", "user crontab"]);

/** Of the text of /etc/passwd, in its order. */
export function parseUsers(passwd: string): readonly MachineUser[] {
  return passwd.split("\n").flatMap((line) => {
    const [name, , , , , home] = line.split(":");
    return name && home?.startsWith("/") ? [{ name, home }] : [];
  });
}

/** Lines of crontabs that name a user whom nobody knows start nothing. Users that passwd does not have are asked for, all at once. */
export async function judgeUsers(
  machine: Machine,
  entries: readonly ScheduleEntry[],
  users: readonly MachineUser[],
): Promise<readonly ScheduleEntry[]> {
  const known = new Set(users.map(({ name }) => name));
  const isUnknown = ({ source, flaw, user }: ScheduleEntry) =>
    ofCrontabs.has(source) && flaw === undefined && user !== undefined && !known.has(user);
  const others = new Set(entries.filter(isUnknown).flatMap(({ user }) => user ?? []));
  if (others.size > 0 && machine.root === "/") {
    const { stdout } = await machine.exec(["getent", "passwd", "--", ...others], {
      timeoutMs: machine.timeoutMs,
    });
    for (const line of stdout.split("\n")) known.add(line.split(":")[0] ?? "");
  }
  return entries.map((entry) =>
    isUnknown(entry) ? { ...entry, flaw: `there is no user "${entry.user}"` } : entry,
  );
}
