/**
 * Timers and services of systemd that start a backup, the system's and the users', as their files say; a timer that runs
 * without being enabled is asked of systemd where that is running.
 */
import { recogniseBackup } from "#lib/core/backup-command.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import { parseTimeSpan } from "#lib/core/time-span.ts";
import type { UnitFile } from "#lib/core/unit-file.ts";
import { nextElapses } from "#lib/cron/calendar.ts";
import type { Finder, Search } from "#lib/cron/finder.ts";
import { lookAt, type Machine } from "#lib/cron/machine.ts";
import { listUnits, readUnits, type Unit, type Units } from "#lib/cron/unit-files.ts";
import type { MachineUser } from "#lib/cron/users.ts";

const systemDirectories = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/run/systemd/transient",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
];

/** Those that come once, and those that come again and again. */
const onceKeys = ["OnBootSec", "OnStartupSec", "OnActiveSec"];
const repeatedKeys = ["OnUnitActiveSec", "OnUnitInactiveSec"];

export const systemUnits: Finder = {
  places: systemDirectories.map((path) => ({ path, depth: 2 })),
  find: async (search) => {
    const units = listUnits(search.look, systemDirectories, "root");
    return describe(search, [await findStarts(search, units, askActiveTimers(search.machine))]);
  },
};

/** Homes are only known once passwd was read. */
export const userUnits: Finder = {
  places: [],
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
        return [await findStarts(search, units, new Set())];
      } catch (error) {
        // A home that does not answer hides nobody else's units.
        if (!(error instanceof OpsError)) throw error;
        search.tell(describeError(error));
        return [];
      }
    });
    return describe(search, (await Promise.all(found)).flat());
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
  asked: ReadonlySet<string> | Promise<ReadonlySet<string>>,
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
    const isOn = units.enabled.has(timer.name) || active.has(timer.name);
    // A template starts nothing, and neither does what a package ships for those who want it.
    if (timer.name.includes("@.") || (!isOn && timer.path.startsWith("/usr/"))) return [];
    const user = service.unit.get("Service.User")?.at(-1) ?? units.user;
    const flaw = timer.isMasked ? "the timer is masked" : isOn ? undefined : "the timer is not enabled";
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
    ...timers.map(({ unit, entry }) => ({ ...entry, ...timingOf(unit, next) })),
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

function calendarsOf(unit: UnitFile): readonly string[] {
  return unit.get("Timer.OnCalendar") ?? [];
}

function timingOf(
  unit: UnitFile,
  elapses: ReadonlyMap<string, readonly Date[]>,
): Pick<ScheduleEntry, "timings" | "when"> {
  const expressions = calendarsOf(unit);
  const intervals = [...onceKeys, ...repeatedKeys].flatMap((key) =>
    (unit.get(`Timer.${key}`) ?? []).map((value) => ({
      kind: "interval" as const,
      text: `${key}=${value}`,
      periodMs: repeatedKeys.includes(key) ? parseTimeSpan(value) : undefined,
    })),
  );
  const delay = unit.get("Timer.RandomizedDelaySec")?.at(-1);
  const moments = new Set(expressions.flatMap((one) => elapses.get(one) ?? []).map((at) => at.getTime()));
  const next = [...moments].sort((a, b) => a - b).map((at) => new Date(at));
  return {
    timings: [
      ...(expressions.length === 0 ? [] : [{ kind: "calendar", expressions, next } as const]),
      ...intervals,
    ],
    when: [
      ...expressions,
      ...intervals.map(({ text }) => text),
      ...(delay === undefined ? [] : [`up to ${delay} later`]),
    ].join(", "),
  };
}

/** Timers that run now: one can be started without being enabled. Where systemd does not run there are none. */
async function askActiveTimers(machine: Machine): Promise<ReadonlySet<string>> {
  if (machine.root !== "/") return new Set();
  const command = [
    "systemctl",
    "list-units",
    "--type=timer",
    "--state=active",
    "--plain",
    "--no-legend",
  ] as const;
  const { exitCode, stdout } = await machine.exec(command, { timeoutMs: machine.timeoutMs });
  return new Set(exitCode === 0 ? stdout.split("\n").map((line) => line.split(" ")[0] ?? "") : []);
}
