/** The files of a schedule that were written here, and how they are taken away. */
import { basename } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import { type Change, removeFileChange, systemctlChange } from "#lib/cron/changes.ts";
import { describeFile, type Listed, listDirectory, type Machine, readListed } from "#lib/cron/machine.ts";
import {
  cronPathOf,
  healthCronPath,
  healthUnits,
  isOwnHealthText,
  isOwnText,
  logrotatePathOf,
  ownershipMark,
  unitDirectory,
  unitNamesOf,
} from "#lib/schedule/schedule-plan.ts";

/** Every path at which a schedule of a job of ours may lie. */
export function ownPathsOf(job: string): readonly string[] {
  return [cronPathOf(job), ...Object.values(unitNamesOf(job)).map(inUnitDirectory)];
}

/** Every path at which the health check of the host may lie. */
export const healthPaths = [healthCronPath, ...Object.values(healthUnits).map(inUnitDirectory)];

export function inUnitDirectory(name: string): string {
  return `${unitDirectory}/${name}`;
}

/** The files of a job that are there, whoever wrote them, with their texts. Throws OpsError "failed". */
export function findOwn(machine: Machine, job: string): Promise<ReadonlyMap<string, string>> {
  return readPresent(machine, [...ownPathsOf(job), logrotatePathOf(job)]);
}

/** The same of the health check. */
export function findHealth(machine: Machine): Promise<ReadonlyMap<string, string>> {
  return readPresent(machine, healthPaths);
}

/** Whether something that was written here starts another job. Throws OpsError "failed". */
export async function hasOtherJobs(machine: Machine, job: string): Promise<boolean> {
  const directories = ["/etc/cron.d", unitDirectory];
  const listed = await Promise.all(directories.map((directory) => listDirectory(machine, directory)));
  const texts = await readAll(
    machine,
    listed.flat().filter(({ name }) => name.startsWith("lastgood-")),
  );
  return texts.some(
    ({ text }) => text.includes(ownershipMark) && !isOwnText(text, job) && !isOwnHealthText(text),
  );
}

async function readPresent(machine: Machine, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const listed = await Promise.all(paths.map((path) => describeFile(machine, path)));
  const read = await readAll(
    machine,
    listed.filter((file) => file !== undefined),
  );
  return new Map(read.map(({ path, text }) => [path, text]));
}

function readAll(machine: Machine, files: readonly Listed[]) {
  return readListed(machine, files, (problem) => {
    throw new OpsError(problem, { outcome: "failed", hint: "Nothing was changed" });
  });
}

/** Take files of ours away; units are switched off first, so that no link to them is left. */
export function removeOwn(machine: Machine, paths: readonly string[]): readonly Change[] {
  const removals = paths.map((path) => removeFileChange(machine, path));
  const units = paths.filter((path) => path.startsWith(`${unitDirectory}/`)).map((path) => basename(path));
  if (units.length === 0) return removals;
  const linked = units.filter(isSwitchedOn);
  const timers = units.filter(isTimer);
  return [
    ...reload(machine),
    ...systemctlOf(machine, "disable", linked, "enable"),
    ...(isLive(machine) ? systemctlOf(machine, "stop", timers, "start") : []),
    ...removals,
    ...reload(machine),
  ];
}

/** `systemctl` for these units, if there are any. */
export function systemctlOf(
  machine: Machine,
  verb: string,
  names: readonly string[],
  undoVerb?: string,
): readonly Change[] {
  if (names.length === 0) return [];
  const undo = undoVerb === undefined ? undefined : ([undoVerb, ...names] as const);
  return [systemctlChange(machine, [verb, ...names], undo)];
}

/** Units that start by themselves, at a time or at boot. */
export function isSwitchedOn(unit: string): boolean {
  return isTimer(unit) || unit.startsWith("lastgood-recover-");
}

export function isTimer(unit: string): boolean {
  return unit.endsWith(".timer");
}

export const isLive = ({ root }: Machine) => root === "/";

/** Before changes to units as well: undone last, it lets systemd read what was there before. */
export function reload(machine: Machine): readonly Change[] {
  return isLive(machine) ? [systemctlChange(machine, ["daemon-reload"], ["daemon-reload"])] : [];
}
