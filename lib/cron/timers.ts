/**
 * Timers and services of systemd that start a backup, the system's and the users', as their files say; a timer that runs
 * without being enabled is asked of systemd where that is running.
 */
import { recogniseBackup } from "#lib/core/backup-command.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import type { UnitFile } from "#lib/core/unit-file.ts";
import { nextElapses } from "#lib/cron/calendar.ts";
import type { Finder, Search } from "#lib/cron/finder.ts";
import { lookAt } from "#lib/cron/machine.ts";
import { listUnits, readUnits, type Unit, type Units } from "#lib/cron/unit-files.ts";
import { calendarsOf, flawOfTimer, timingOf } from "#lib/cron/unit-timing.ts";
import type { MachineUser } from "#lib/cron/users.ts";

const systemDirectories = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/run/systemd/transient",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
];

export const systemUnits: Finder = {
  places: systemDirectories.map((path) => ({ path, depth: 2 })),
  find: async (search) => {
    const units = listUnits(search.look, systemDirectories, "root");
    return describe(search, [await findStarts(search, units, search.active)]);
  },
};

/** A file for each user whose timers run without anybody who is logged in. */
const lingerDirectory = "/var/lib/systemd/linger";

/** Homes are only known once passwd was read. */
export const userUnits: Finder = {
  places: [{ path: lingerDirectory, depth: 1 }],
  find: async (search) => {
    const users = await search.users;
    const directoryOf = ({ home }: MachineUser) => `${home}/.config/systemd/user`;
    const look = await lookAt(
      search.machine,
      users.map((user) => ({ path: directoryOf(user), depth: 2 })),
    );
    const found = users.map(async (user): Promise<readonly Starts[]> => {
      try {
        const units = listUnits(look, [directoryOf(user)], user.name);
        return [await findStarts(search, units, undefined)];
      } catch (error) {
        // A home that does not answer hides nobody else's units.
        if (!(error instanceof OpsError)) throw error;
        search.tell(describeError(error));
        return [];
      }
    });
    const entries = await describe(search, (await Promise.all(found)).flat());
    const lingering = new Set(search.look.list(lingerDirectory).map(({ name }) => name));
    for (const { file, user = "", flaw, backup } of entries)
      if (flaw === undefined && backup.role !== "foreign" && !lingering.has(user))
        search.tell(
          `${file}: it starts only while ${user} is logged in, until loginctl enable-linger ${user}`,
        );
    return entries;
  },
};

/** What starts a backup, before it is known when. */
interface Starts {
  readonly timers: readonly {
    readonly unit: UnitFile;
    readonly entry: Omit<ScheduleEntry, "when" | "timings">;
  }[];
  readonly atBoot: readonly ScheduleEntry[];
}

async function findStarts(
  search: Search,
  units: Units,
  asked: Search["active"] | undefined,
): Promise<Starts> {
  if (units.files.length === 0) return { timers: [], atBoot: [] };
  const timers = await readUnits(search, units, "timer", undefined);
  // A machine has hundreds of services that no timer and no target starts.
  const wanted = new Set([...units.enabled, ...timers.map(serviceOf)]);
  const services = await readUnits(search, units, "service", wanted);
  const active = await asked;
  const found = timers.flatMap((timer): Starts["timers"] => {
    const service = services.find(({ name }) => name === serviceOf(timer));
    const command = service === undefined ? "" : startOf(service.unit);
    const backup = recogniseBackup(command);
    if (service === undefined || backup === undefined) return [];
    const isEnabled = units.enabled.has(timer.name);
    const isOn = isEnabled || active?.has(timer.name) === true;
    // A template starts nothing, and neither does what a package ships for those who want it.
    if (timer.name.includes("@.") || (!isOn && timer.path.startsWith("/usr/"))) return [];
    const user = service.unit.get("Service.User")?.at(-1) ?? units.user;
    const flaw = flawOfTimer(timer, isEnabled, active);
    const facts = { source: "timer", file: timer.path, line: undefined, user } as const;
    return [{ unit: timer.unit, entry: { ...facts, command, backup, flaw } }];
  });
  return { timers: found, atBoot: describeAtBoot(services, units) };
}

/** All at once: systemd is asked what their calendars mean. */
async function describe(
  { machine, at }: Search,
  starts: readonly Starts[],
): Promise<readonly ScheduleEntry[]> {
  const calendars = starts.flatMap(({ timers }) => timers.flatMap(({ unit }) => calendarsOf(unit)));
  const next = await nextElapses(machine.exec, calendars, await at);
  return starts.flatMap(({ timers, atBoot }) => [
    ...timers.map(({ unit, entry }): ScheduleEntry => {
      const timing = timingOf(unit, next);
      return { ...entry, ...timing, flaw: entry.flaw ?? timing.flaw };
    }),
    ...atBoot,
  ]);
}

/** Services that a target starts by itself. */
function describeAtBoot(services: readonly Unit[], { enabled, user }: Units): readonly ScheduleEntry[] {
  return services.flatMap(({ name, path, unit, isMasked }): readonly ScheduleEntry[] => {
    const command = startOf(unit);
    const backup = recogniseBackup(command);
    if (backup === undefined || isMasked || !enabled.has(name)) return [];
    const facts = { source: "service", file: path, line: undefined, user, when: "at boot" } as const;
    return [{ ...facts, command, backup, timings: [{ kind: "boot" }], flaw: undefined }];
  });
}

/** The service that a timer starts. */
function serviceOf({ name, unit }: Unit): string {
  return unit.get("Timer.Unit")?.at(-1) ?? name.replace(/\.timer$/, ".service");
}

/** What a service runs; systemd's marks before the program are not part of it. */
function startOf(unit: UnitFile): string {
  const commands = unit.get("Service.ExecStart") ?? [];
  return commands.map((command) => command.replace(/^[-@:+!|]+/, "")).join("\n");
}
