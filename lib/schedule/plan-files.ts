/** Which files a schedule consists of, and what has to be done so that they are there, and the other owner's are not. */
import { dirname } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import { type Change, removeFileChange, systemctlChange, writeFileChange } from "#lib/cron/changes.ts";
import { describeFile, listDirectory, type Machine, readListed } from "#lib/cron/machine.ts";
import type { Owner } from "#lib/schedule/flags.ts";
import { formatCronFile } from "#lib/schedule/format-cron-file.ts";
import { formatLogrotate, rotates } from "#lib/schedule/format-logrotate.ts";
import { formatUnits } from "#lib/schedule/format-units.ts";
import {
  cronPathOf,
  isOwnText,
  logrotatePathOf,
  type SchedulePlan,
  unitDirectory,
  unitNamesOf,
} from "#lib/schedule/schedule-plan.ts";

export interface PlannedFiles {
  /** Existing files that get another text or go. */
  readonly replaced: readonly string[];
  readonly writes: readonly Change[];
  /** What goes once the new ones are there. */
  readonly cleanup: readonly Change[];
  readonly notes: readonly string[];
}

/** Every path at which a schedule of a job of ours may lie. */
export function ownPathsOf(job: string): readonly string[] {
  return [cronPathOf(job), ...unitPathsOf(job)];
}

function unitPathsOf(job: string): readonly string[] {
  return Object.values(unitNamesOf(job)).map((name) => `${unitDirectory}/${name}`);
}

/** Throws OpsError "failed" where cron or systemd is missing, or a file of that name is somebody else's. */
export async function planFiles(machine: Machine, plan: SchedulePlan, owner: Owner): Promise<PlannedFiles> {
  const texts = new Map(
    owner === "cron"
      ? [[cronPathOf(plan.job), formatCronFile(plan)] as const]
      : [...formatUnits(plan)].map(([name, text]) => [`${unitDirectory}/${name}`, text] as const),
  );
  await requireOwner(machine, owner);
  const logrotate = await planLogrotate(machine, plan);
  for (const [path, text] of logrotate.texts) texts.set(path, text);
  const present = await findOwn(machine, plan.job);
  const foreign = [...present].find(([, text]) => !isOwnText(text, plan.job));
  if (foreign !== undefined) {
    throw new OpsError(`"${foreign[0]}" was not written here for the job ${plan.job}`, {
      outcome: "failed",
      hint: "Move it away, or rename the job",
    });
  }
  const obsolete = [...present.keys()].filter(
    (path) => !texts.has(path) && path !== logrotatePathOf(plan.job),
  );
  const changed = [...texts].filter(([path, text]) => present.get(path) !== text);
  const writes = changed.map(([path, text]) => writeFileChange(machine, path, text));
  const isThere = present.has(`${unitDirectory}/${unitNamesOf(plan.job).timer}`);
  const forSystemd = [
    ...(isLive(machine) ? [reload(machine)] : []),
    ...writes,
    ...enable(machine, plan.job, isThere),
  ];
  return {
    replaced: [...present.keys()].filter(
      (path) => changed.some(([one]) => one === path) || obsolete.includes(path),
    ),
    writes: owner === "cron" ? writes : forSystemd,
    cleanup: removeOwn(machine, plan.job, obsolete),
    notes: logrotate.notes,
  };
}

async function requireOwner(machine: Machine, owner: Owner): Promise<void> {
  const directory =
    owner === "cron" ? "/etc/cron.d" : isLive(machine) ? "/run/systemd/system" : unitDirectory;
  if ((await describeFile(machine, directory)) !== undefined) return;
  const other = owner === "cron" ? "systemd" : "cron";
  throw new OpsError(`Cannot install for ${owner}: there is no ${directory}`, {
    outcome: "failed",
    hint: `Install and start ${owner}, or use --with ${other}`,
  });
}

/** Our files for a job that are there, with their texts. */
export async function findOwn(machine: Machine, job: string): Promise<ReadonlyMap<string, string>> {
  const paths = [...ownPathsOf(job), logrotatePathOf(job)];
  const listed = await Promise.all(paths.map((path) => describeFile(machine, path)));
  const files = listed.filter((file) => file !== undefined);
  const read = await readListed(machine, files, (problem) => {
    throw new OpsError(problem, { outcome: "failed", hint: "Nothing was changed" });
  });
  return new Map(read.map(({ path, text }) => [path, text]));
}

/** Take files of ours away; units are switched off first, so that no link to them is left. */
export function removeOwn(machine: Machine, job: string, paths: readonly string[]): readonly Change[] {
  const units = unitPathsOf(job);
  const removals = paths.map((path) => removeFileChange(machine, path));
  if (!paths.some((path) => units.includes(path))) return removals;
  const { timer, recovery } = unitNamesOf(job);
  const disable = systemctlChange(machine, ["disable", timer, recovery], ["enable", timer, recovery]);
  if (!isLive(machine)) return [disable, ...removals];
  const stop = systemctlChange(machine, ["stop", timer], ["start", timer]);
  return [reload(machine), disable, stop, ...removals, reload(machine)];
}

/** Switch the timer on; the recovery waits for the next boot. What was on before stays on when this is undone. */
function enable(machine: Machine, job: string, isThere: boolean): readonly Change[] {
  const { timer, recovery } = unitNamesOf(job);
  const disable = isThere ? undefined : (["disable", timer, recovery] as const);
  const switchOn = systemctlChange(machine, ["enable", timer, recovery], disable);
  const start = systemctlChange(machine, ["restart", timer], isThere ? undefined : ["stop", timer]);
  return isLive(machine) ? [reload(machine), switchOn, start] : [switchOn];
}

const isLive = ({ root }: Machine) => root === "/";

/** Before changes to units as well: undone last, it lets systemd read what was there before. */
const reload = (machine: Machine) => systemctlChange(machine, ["daemon-reload"], ["daemon-reload"]);

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
