/**
 * Install the one schedule of a job, with its drill and the health check of the host, or refuse while something else starts it.
 *
 * Ours is written before the other is switched off: between the two, and if the machine goes down there, both start and one
 * finds the lock held. The other order would leave a moment in which nothing starts. What fails is undone.
 */
import { loadConfig } from "#lib/config/load-config.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { CronExpression } from "#lib/core/cron-expression.ts";
import { nextStarts } from "#lib/core/cron-times.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { placeOf, type ScheduleEntry } from "#lib/core/schedule-entry.ts";
import { findRivals, type JudgedAt, type ScheduledJob } from "#lib/core/schedule-judgement.ts";
import type { Tool, ToolResult } from "#lib/core/tool.ts";
import { formatWall } from "#lib/core/wall-clock.ts";
import { applyChanges, listActs } from "#lib/cron/changes.ts";
import { copyFiles, planDisabling } from "#lib/cron/disable-entries.ts";
import { inside } from "#lib/cron/machine.ts";
import { findLauncher, findStrangers } from "#lib/schedule/find-launcher.ts";
import { readJobFlag, readOwnerFlag, readTimes, requireRoot } from "#lib/schedule/flags.ts";
import { describeStarted } from "#lib/schedule/format-survey.ts";
import { healthPaths, ownPathsOf } from "#lib/schedule/own-files.ts";
import { planDrill, planHealth } from "#lib/schedule/plan-checks.ts";
import { planFiles } from "#lib/schedule/plan-files.ts";
import { configPathOf, type HealthPlan, type SchedulePlan } from "#lib/schedule/schedule-plan.ts";
import { configRequest, openMachine, type Survey, surveyMachine } from "#lib/schedule/survey.ts";

const shownStarts = 3;

/** Flags: job, at, with, without-drill, disable-legacy, dry-run, root. */
export async function installSchedule(tool: Tool): Promise<ToolResult> {
  const job = readJobFlag(tool);
  const owner = readOwnerFlag(tool);
  const timesOf = readTimes(tool);
  requireRoot(tool, "install");
  requireOwnPaths(job);
  const machine = openMachine(tool);
  const { settings } = await loadConfig(configRequest(tool, inside(machine, configPathOf(job))));
  const survey = await surveyMachine(tool);
  const rivals = rivalsOf(survey, { name: job, config: configPathOf(job), lockFile: settings.LOCK_FILE });
  if (rivals.length > 0 && tool.flags["disable-legacy"] !== true) throw refuse(job, rivals);
  const planned = await planSchedule(tool, survey, settings, timesOf(settings.HOST_NAME, job));
  const { plan, health } = planned;
  const files = await planFiles(machine, { plan, health, owner });
  const stamp = survey.at.now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
  const disabling = await planDisabling(machine, rivals, stamp.slice(0, 8));
  const copies = `/var/lib/lastgood/schedule/${stamp}Z`;
  const copied = [...files.replaced, ...disabling.files];
  const { launcher, scripts } = plan;
  const strangers = await findStrangers(tool, [launcher[0], scripts, `${scripts}/backup-run.ts`]);
  const notes = [...files.notes, ...planned.notes, ...strangers];
  const changes = [...files.writes, ...disabling.changes, ...files.cleanup];
  const isDryRun = tool.flags["dry-run"] === true;
  if (!isDryRun) {
    await copyFiles(machine, copied, copies);
    await applyChanges(changes);
  }
  return {
    outcome: "complete",
    text: [
      ...listActs(changes, isDryRun),
      ...notes.map((note) => `Note: ${note}`),
      ...(copied.length === 0
        ? []
        : [`What stood there before ${isDryRun ? "would be" : "is"} kept in ${copies}`]),
      ...describeStarts(planned, survey.at, isDryRun ? "would start" : "starts"),
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
      next: startsOf(plan.expression, survey.at, shownStarts).map((start) => start.toISOString()),
      drill: plan.drill?.text,
      healthCheck: health?.expression.text,
    },
  };
}

interface Planned {
  readonly plan: SchedulePlan;
  readonly health: HealthPlan | undefined;
  readonly notes: readonly string[];
}

async function planSchedule(
  tool: Tool,
  { machine, entries }: Survey,
  { HOST_NAME: host, LOG_FILE, RUN_TIMEOUT, LOCK_BUSY_EXIT }: Settings,
  expression: CronExpression,
): Promise<Planned> {
  const job = readJobFlag(tool);
  const isDrilled = tool.flags["without-drill"] !== true;
  const drilled = { name: job, config: configPathOf(job), host, expression };
  const drill = isDrilled ? planDrill(entries, drilled) : undefined;
  const check = await planHealth(machine, entries, host);
  const program = { launcher: await findLauncher(tool), scripts: tool.caller.scripts };
  return {
    plan: {
      ...program,
      job,
      expression,
      delayMinutes: undefined,
      drill: drill?.expression,
      logFile: LOG_FILE,
      runTimeoutMs: RUN_TIMEOUT,
      busyExit: LOCK_BUSY_EXIT,
    },
    health:
      check.expression === undefined
        ? undefined
        : { ...program, expression: check.expression, delayMinutes: undefined },
    notes: [drill?.note, check.note].filter((note) => note !== undefined),
  };
}

/** For people: a line for each that starts. */
function describeStarts({ plan, health }: Planned, at: JudgedAt, begins: string): readonly string[] {
  const show = (times: CronExpression, count: number) =>
    startsOf(times, at, count)
      .map((start) => formatWall(start, at.timeZone))
      .join(", ");
  return [
    `The job ${plan.job} ${begins} next at ${show(plan.expression, shownStarts)}`,
    ...(plan.drill === undefined ? [] : [`The drill of a restore ${begins} next at ${show(plan.drill, 1)}`]),
    ...(health === undefined ? [] : [`The health check of all jobs ${begins} twice an hour`]),
  ];
}

function startsOf(times: CronExpression, { now, timeZone }: JudgedAt, count: number): readonly Date[] {
  return nextStarts(times, now, timeZone, count);
}

/** What else starts the job; our own files for it are replaced anyway. */
function rivalsOf({ entries }: Survey, job: ScheduledJob): readonly ScheduleEntry[] {
  const own = ownPathsOf(job.name);
  return findRivals(entries, job).filter(({ file }) => !own.includes(file));
}

/** The files of a job of that name would be those of the health check. */
function requireOwnPaths(job: string): void {
  if (!ownPathsOf(job).some((path) => healthPaths.includes(path))) return;
  throw new OpsError(`A job called "${job}" cannot have a schedule: the health check has that name`, {
    outcome: "failed",
    hint: "Rename its configuration",
  });
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
