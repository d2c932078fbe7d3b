/** Which files a schedule consists of, and what has to be done so that they are there, and the other owner's are not. */
import { basename, dirname } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import { type Change, writeFileChange } from "#lib/cron/changes.ts";
import { cronPrograms } from "#lib/cron/find-entries.ts";
import { describeFile, listDirectory, lookAt, type Machine, readListed } from "#lib/cron/machine.ts";
import type { Owner } from "#lib/schedule/flags.ts";
import { formatCronFile } from "#lib/schedule/format-cron-file.ts";
import { formatHealthCronFile, formatHealthUnits } from "#lib/schedule/format-health.ts";
import { formatLogrotate, rotates } from "#lib/schedule/format-logrotate.ts";
import { formatUnits } from "#lib/schedule/format-units.ts";
import {
  findHealth,
  findOwn,
  inUnitDirectory,
  isLive,
  isSwitchedOn,
  isTimer,
  reload,
  removeOwn,
  systemctlOf,
} from "#lib/schedule/own-files.ts";
import {
  cronPathOf,
  type HealthPlan,
  healthCronPath,
  isOwnText,
  logrotatePathOf,
  type SchedulePlan,
  unitDirectory,
} from "#lib/schedule/schedule-plan.ts";

export interface PlannedFiles {
  /** Existing files that get another text or go. */
  readonly replaced: readonly string[];
  readonly writes: readonly Change[];
  /** What goes once the new ones are there. */
  readonly cleanup: readonly Change[];
  readonly notes: readonly string[];
}

/** What is to be there: a job's schedule, and the host's health check unless it is left as it is. */
export interface WantedSchedule {
  readonly plan: SchedulePlan;
  readonly health: HealthPlan | undefined;
  readonly owner: Owner;
}

/** Throws OpsError "failed" where cron or systemd is missing, or a file of that name is somebody else's. */
export async function planFiles(machine: Machine, wanted: WantedSchedule): Promise<PlannedFiles> {
  const { plan, health, owner } = wanted;
  await requireOwner(machine, owner);
  const logrotate = await planLogrotate(machine, plan);
  const texts = new Map([...formatFiles(wanted), ...logrotate.texts]);
  const own = await findOwn(machine, plan.job);
  const foreign = [...own].find(([, text]) => !isOwnText(text, plan.job));
  if (foreign !== undefined) {
    throw new OpsError(`"${foreign[0]}" was not written here for the job ${plan.job}`, {
      outcome: "failed",
      hint: "Move it away, or rename the job",
    });
  }
  const present = new Map([...own, ...(health === undefined ? [] : await findHealth(machine))]);
  const obsolete = [...present.keys()].filter(
    (path) => !texts.has(path) && path !== logrotatePathOf(plan.job),
  );
  const changed = [...texts].filter(([path, text]) => present.get(path) !== text);
  const writes = changed.map(([path, text]) => writeFileChange(machine, path, text));
  return {
    replaced: [...present.keys()].filter(
      (path) => changed.some(([one]) => one === path) || obsolete.includes(path),
    ),
    writes:
      owner === "cron"
        ? writes
        : [...reload(machine), ...writes, ...enable(machine, [...texts.keys()], present)],
    cleanup: removeOwn(machine, obsolete),
    notes: logrotate.notes,
  };
}

function formatFiles({ plan, health, owner }: WantedSchedule): readonly (readonly [string, string])[] {
  if (owner === "cron") {
    const check = health === undefined ? [] : [[healthCronPath, formatHealthCronFile(health)] as const];
    return [[cronPathOf(plan.job), formatCronFile(plan)], ...check];
  }
  const units = [...formatUnits(plan), ...(health === undefined ? [] : formatHealthUnits(health))];
  return units.map(([name, text]) => [inUnitDirectory(name), text]);
}

/** Of cron its program is looked for too: other packages bring files for /etc/cron.d, and with them the directory. */
async function requireOwner(machine: Machine, owner: Owner): Promise<void> {
  const directory =
    owner === "cron" ? "/etc/cron.d" : isLive(machine) ? "/run/systemd/system" : unitDirectory;
  const other = owner === "cron" ? "systemd" : "cron";
  const refuse = (why: string) =>
    new OpsError(`Cannot install for ${owner}: ${why}`, {
      outcome: "failed",
      hint: `Install and start ${owner}, or use --with ${other}`,
    });
  const programs = owner === "cron" ? cronPrograms : [];
  const look = await lookAt(
    machine,
    [directory, ...programs].map((path) => ({ path, depth: 0 })),
  );
  if (look.file(directory) === undefined) throw refuse(`there is no ${directory}`);
  if (owner === "cron" && programs.every((path) => look.file(path) === undefined))
    throw refuse("it is not installed");
}

/** Switch the timers on; the recovery waits for the next boot. What was there before stays on when this is undone. */
function enable(
  machine: Machine,
  paths: readonly string[],
  present: ReadonlyMap<string, string>,
): readonly Change[] {
  const units = paths.filter((path) => isSwitchedOn(basename(path)));
  const isThere = (path: string) => present.has(path);
  const fresh = units.filter((path) => !isThere(path)).map((path) => basename(path));
  const known = units.filter(isThere).map((path) => basename(path));
  const switchOn = [
    ...systemctlOf(machine, "enable", fresh, "disable"),
    ...systemctlOf(machine, "enable", known),
  ];
  if (!isLive(machine)) return switchOn;
  return [
    ...reload(machine),
    ...switchOn,
    ...systemctlOf(machine, "restart", fresh.filter(isTimer), "stop"),
    ...systemctlOf(machine, "restart", known.filter(isTimer)),
  ];
}

/** One file per log: logrotate refuses a log that two of its files name. */
async function planLogrotate(machine: Machine, plan: SchedulePlan) {
  const path = logrotatePathOf(plan.job);
  if ((await describeFile(machine, dirname(path))) === undefined) {
    return { texts: [], notes: [`logrotate is not installed: nothing shortens ${plan.logFile}`] };
  }
  const listed = await listDirectory(machine, dirname(path));
  const files = await readListed(
    machine,
    listed.filter((file) => file.path !== path),
    () => undefined,
  );
  const other = files.find(({ text }) => rotates(text, plan.logFile));
  if (other !== undefined) return { texts: [], notes: [`${plan.logFile} is rotated by ${other.path}`] };
  return { texts: [[path, formatLogrotate(plan)] as const], notes: [] };
}
