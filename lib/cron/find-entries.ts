/** Every entry of a machine that would start a backup. Reads files only; changes nothing. */
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import type { JudgedAt } from "#lib/core/schedule-judgement.ts";
import { askActiveUnits, cronServices } from "#lib/cron/active-units.ts";
import { systemCrontabs, userCrontabs } from "#lib/cron/crontabs.ts";
import type { Finder, Search } from "#lib/cron/finder.ts";
import { type Listed, type Look, lookAt, type Machine } from "#lib/cron/machine.ts";
import { anacronLines, periodicScripts } from "#lib/cron/periodic.ts";
import { createReader } from "#lib/cron/read-together.ts";
import { systemUnits, userUnits } from "#lib/cron/timers.ts";
import { judgeUsers, type MachineUser, parseUsers } from "#lib/cron/users.ts";

export interface FoundEntries {
  readonly entries: readonly ScheduleEntry[];
  /** What could not be read, or does not mean what it seems to. */
  readonly problems: readonly string[];
}

const finders: readonly Finder[] = [
  systemCrontabs,
  userCrontabs,
  periodicScripts,
  anacronLines,
  systemUnits,
  userUnits,
];
const byCron: ReadonlySet<ScheduleEntry["source"]> = new Set([
  "crontab",
  "cron.d",
  "user crontab",
  "periodic",
]);
const passwd = "/etc/passwd";
/** Any of them starts what stands in cron.d. */
export const cronPrograms = [
  "/usr/sbin/cron",
  "/usr/sbin/crond",
  "/usr/bin/crond",
  "/usr/lib/systemd/system-generators/systemd-crontab-generator",
];
const cronUnits = cronServices.map((name) => `/usr/lib/systemd/system/${name}`);
const ownPlaces = [passwd, ...cronPrograms, ...cronUnits].map((path) => ({ path, depth: 0 }) as const);

/**
 * What cannot be read is a problem of its own; the rest is found all the same. `at` may still be asked about: it is needed last.
 */
export async function findEntries(machine: Machine, at: JudgedAt | Promise<JudgedAt>): Promise<FoundEntries> {
  const problems: string[] = [];
  const tell = (problem: string) => {
    if (!problems.includes(problem)) problems.push(problem);
  };
  const look = await lookAt(machine, [...ownPlaces, ...finders.flatMap(({ places }) => places)]);
  const read = createReader(machine, tell);
  const users = readUsers(look.file(passwd), read);
  const active = askActiveUnits(machine);
  const search = { machine, at, look, read, active, users, tell };
  const found = await Promise.all(
    finders.map(async ({ find }) => {
      try {
        return await find(search);
      } catch (error) {
        if (!(error instanceof OpsError)) throw error;
        tell(describeError(error));
        return [];
      }
    }),
  );
  const entries = await judgeUsers(machine, found.flat(), await users);
  if (entries.some(({ source }) => byCron.has(source))) {
    if (!cronPrograms.some((program) => look.file(program) !== undefined))
      tell("Cron is not installed: nothing in its files starts");
    else if (isCronStopped(look, await active)) tell("Cron does not run: nothing in its files starts");
  }
  return { entries, problems };
}

/** Only where cron is a service of a systemd that can be asked: another init has other ways. */
function isCronStopped(look: Look, active: ReadonlySet<string> | undefined): boolean {
  const isService = cronUnits.some((path) => look.file(path) !== undefined);
  return isService && active !== undefined && !cronServices.some((service) => active.has(service));
}

async function readUsers(file: Listed | undefined, read: Search["read"]): Promise<readonly MachineUser[]> {
  const [passwdFile] = file === undefined ? [] : await read([file]);
  return parseUsers(passwdFile?.text ?? "");
}
