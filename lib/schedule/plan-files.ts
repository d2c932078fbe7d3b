/** Which files a schedule consists of, and what has to be done so that they are there, and the other owner's are not. */
import { dirname } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import { type Change, removeFileChange, systemctlChange, writeFileChange } from "#lib/cron/changes.ts";
import { describeFile, listDirectory, type Machine, readListed } from "#lib/cron/machine.ts";
import type { Owner } from "#lib/schedule/flags.ts";
import { formatCronFile } from "#lib/schedule/format-cron-file.ts";
import { formatLogrotate } from "#lib/schedule/format-logrotate.ts";
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
  const directory = owner === "cron" ? "/etc/cron.d" : unitDirectory;
  if ((await describeFile(machine, directory)) === undefined) {
    throw new OpsError(`Cannot install for ${owner}: there is no ${directory}`, {
      outcome: "failed",
      hint: owner === "cron" ? "Install cron, or use --with systemd" : "Use --with cron",
    });
  }
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
  return {
    replaced: [...present.keys()].filter(
      (path) => changed.some(([one]) => one === path) || obsolete.includes(path),
    ),
    writes: [
      ...changed.map(([path, text]) => writeFileChange(machine, path, text)),
      ...enable(machine, plan.job, owner),
    ],
    cleanup: removeOwn(machine, plan.job, obsolete),
    notes: logrotate.notes,
  };
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
  const { timer, recovery } = unitNamesOf(job);
  const hasUnits = paths.some((path) => units.includes(path));
  const isLive = machine.root === "/";
  const reload = systemctlChange(machine, ["daemon-reload"], ["daemon-reload"]);
  return [
    ...(hasUnits
      ? [
          systemctlChange(
            machine,
            ["disable", ...(isLive ? ["--now"] : []), timer, recovery],
            ["enable", timer, recovery],
          ),
        ]
      : []),
    ...paths.map((path) => removeFileChange(machine, path)),
    ...(hasUnits && isLive ? [reload] : []),
  ];
}

function enable(machine: Machine, job: string, owner: Owner): readonly Change[] {
  if (owner === "cron") return [];
  const { timer, recovery } = unitNamesOf(job);
  const isLive = machine.root === "/";
  return [
    ...(isLive ? [systemctlChange(machine, ["daemon-reload"], ["daemon-reload"])] : []),
    systemctlChange(machine, ["enable", timer, recovery], ["disable", timer, recovery]),
    // The recovery waits for the next boot: now there is nothing to recover.
    ...(isLive ? [systemctlChange(machine, ["start", timer], ["stop", timer])] : []),
  ];
}

/** One file per log: logrotate refuses a log that two of its files name. */
async function planLogrotate(machine: Machine, plan: SchedulePlan) {
  const path = logrotatePathOf(plan.job);
  const listed = await listDirectory(machine, dirname(path));
  if ((await describeFile(machine, dirname(path))) === undefined) {
    return { texts: [], notes: [`logrotate is not installed: nothing shortens ${plan.logFile}`] };
  }
  const files = await readListed(
    machine,
    listed.filter((file) => file.path !== path),
    () => undefined,
  );
  const other = files.find(({ text }) => text.includes(plan.logFile));
  if (other !== undefined) return { texts: [], notes: [`${plan.logFile} is rotated by ${other.path}`] };
  return { texts: [[path, formatLogrotate(plan)] as const], notes: [] };
}
