/**
 * Install the one schedule of a job, or refuse while something else starts it.
 *
 * Ours is written before the other is switched off: between the two, and if the machine goes down there, both start and one
 * finds the lock held. The other order would leave a moment in which nothing starts. What fails is undone.
 */
import { loadConfig } from "#lib/config/load-config.ts";
import { nextStarts } from "#lib/core/cron-times.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { placeOf, type ScheduleEntry } from "#lib/core/schedule-entry.ts";
import { findRivals, type ScheduledJob } from "#lib/core/schedule-judgement.ts";
import type { Tool, ToolResult } from "#lib/core/tool.ts";
import { formatWall } from "#lib/core/wall-clock.ts";
import { applyChanges, listActs } from "#lib/cron/changes.ts";
import { copyFiles, planDisabling } from "#lib/cron/disable-entries.ts";
import { inside } from "#lib/cron/machine.ts";
import { findLauncher, findStrangers } from "#lib/schedule/find-launcher.ts";
import { readJobFlag, readOwnerFlag, readTimes, requireRoot } from "#lib/schedule/flags.ts";
import { describeStarted } from "#lib/schedule/format-survey.ts";
import { ownPathsOf, planFiles } from "#lib/schedule/plan-files.ts";
import { configPathOf, type SchedulePlan } from "#lib/schedule/schedule-plan.ts";
import { configRequest, openMachine, type Survey, surveyMachine } from "#lib/schedule/survey.ts";

const shownStarts = 3;

/** Flags: job, at, with, disable-legacy, dry-run, root. */
export async function installSchedule(tool: Tool): Promise<ToolResult> {
  const job = readJobFlag(tool);
  const owner = readOwnerFlag(tool);
  const timesOf = readTimes(tool);
  requireRoot(tool, "install");
  const machine = openMachine(tool);
  const { settings } = await loadConfig(configRequest(tool, inside(machine, configPathOf(job))));
  const plan: SchedulePlan = {
    job,
    expression: timesOf(settings.HOST_NAME, job),
    delayMinutes: undefined,
    launcher: await findLauncher(tool),
    scripts: tool.caller.scripts,
    logFile: settings.LOG_FILE,
    runTimeoutMs: settings.RUN_TIMEOUT,
    busyExit: settings.LOCK_BUSY_EXIT,
  };
  const survey = await surveyMachine(tool);
  const rivals = rivalsOf(survey, { name: job, config: configPathOf(job), lockFile: settings.LOCK_FILE });
  if (rivals.length > 0 && tool.flags["disable-legacy"] !== true) throw refuse(job, rivals);
  const files = await planFiles(machine, plan, owner);
  const stamp = survey.at.now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
  const disabling = await planDisabling(machine, rivals, stamp.slice(0, 8));
  const copies = `/var/lib/lastgood/schedule/${stamp}Z`;
  const copied = [...files.replaced, ...disabling.files];
  const { launcher, scripts } = plan;
  const strangers = await findStrangers(tool, [launcher[0], scripts, `${scripts}/backup-run.ts`]);
  const notes = [...files.notes, ...strangers];
  const changes = [...files.writes, ...disabling.changes, ...files.cleanup];
  const isDryRun = tool.flags["dry-run"] === true;
  if (!isDryRun) {
    await copyFiles(machine, copied, copies);
    await applyChanges(changes);
  }
  const next = nextStarts(plan.expression, survey.at.now, survey.at.timeZone, shownStarts);
  const starts = next.map((start) => formatWall(start, survey.at.timeZone));
  return {
    outcome: "complete",
    text: [
      ...listActs(changes, isDryRun),
      ...notes.map((note) => `Note: ${note}`),
      ...(copied.length === 0
        ? []
        : [`What stood there before ${isDryRun ? "would be" : "is"} kept in ${copies}`]),
      `The job ${job} ${isDryRun ? "would start" : "starts"} next at ${starts.join(", ")}`,
      "",
    ].join("\n"),
    json: {
      schema: 1,
      job,
      isDryRun,
      changes: changes.map(({ what }) => what),
      disabled: rivals.map(placeOf),
      copies: copied.length === 0 ? undefined : copies,
      notes,
      next: next.map((start) => start.toISOString()),
    },
  };
}

/** What else starts the job; our own files for it are replaced anyway. */
function rivalsOf({ entries }: Survey, job: ScheduledJob): readonly ScheduleEntry[] {
  const own = ownPathsOf(job.name);
  return findRivals(entries, job).filter(({ file }) => !own.includes(file));
}

function refuse(job: string, rivals: readonly ScheduleEntry[]): OpsError {
  const lines = rivals.map((entry) => {
    const does = entry.backup.role === "check" ? "puts such an entry back" : "starts it";
    return `${placeOf(entry)} (${entry.when} ${describeStarted(entry)}) ${does}`;
  });
  return new OpsError(`The job ${job} has a schedule already: ${lines[0]}`, {
    outcome: "failed",
    hint: "Take that away, or let --disable-legacy comment it out (a copy is kept)",
    problems: lines,
  });
}
