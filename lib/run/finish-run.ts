/** The one exit path: whatever the ending, the same lines make the report, write it down and send it. */
import { salvageConfig } from "#lib/config/load-config.ts";
import { formatBody, formatLogLine, formatSummary } from "#lib/core/format-report.ts";
import { describeError } from "#lib/core/ops-error.ts";
import { exitCodeOf } from "#lib/core/outcome.ts";
import { formatReportJson, type Report } from "#lib/core/report.ts";
import { createRedactor } from "#lib/core/secret.ts";
import { deliverReport } from "#lib/run/deliver-report.ts";
import { buildReport, type Ending } from "#lib/run/ending.ts";
import type { Journal } from "#lib/run/journal.ts";
import type { Recovery } from "#lib/run/recover-dead-run.ts";
import { configRequest, type Job, type Session } from "#lib/run/session.ts";
import { recordStatus } from "#lib/run/status.ts";
import { packageVersion } from "#lib/run/version.ts";
import { writeMetrics } from "#lib/run/write-metrics.ts";

interface FinishFacts {
  readonly notes: readonly string[];
  readonly logFile: string | undefined;
  readonly journal?: Journal | undefined;
}

/** Report a run of a job; resolves to its exit code. */
export async function finishRun(
  session: Session,
  job: Job,
  ending: Ending,
  facts: FinishFacts,
): Promise<number> {
  const report = makeReport(session, ending, job, facts);
  sayEnding(session, report, job.settings.LOCK_BUSY_EXIT === 0);
  await attempt(session, "record the status", () => recordStatus(job.settings, report));
  await writeMetrics(session, job.settings, report);
  await attempt(session, "keep the report until it is delivered", async () =>
    facts.journal?.recordReport(report),
  );
  if (isNews(report)) await deliverReport(session, job, report);
  if (session.script.choose !== undefined && session.world.isInteractive && session.flags?.isJson !== true) {
    await session.world.stderr.write(`\n${formatSummary(report)}\n`);
  }
  return showReport(session, report);
}

/** That a part of the job was backed up well is known to whoever chose it, and is no sign that all of it was. */
function isNews({ selection, outcome }: Report): boolean {
  return selection === undefined || outcome !== "complete";
}

/** Say what a recovery did; the death itself has been reported by then. */
export async function finishRecovery(
  session: Session,
  job: Job,
  recovery: Recovery,
  facts: FinishFacts,
): Promise<number> {
  const { notes, problems } = recovery;
  const ending: Ending = {
    outcome: problems.length === 0 ? "complete" : "partial",
    headline: notes.length === 0 ? "Nothing to recover: no run died" : "Recovered a run that had died",
    problems,
    notes,
    findings: [],
    parts: [],
  };
  const report = makeReport(session, ending, job, facts);
  sayEnding(session, report, false);
  return showReport(session, report);
}

/** A person who chose nothing has seen everything there is to tell. */
export async function finishUnchosen({ world }: Session): Promise<number> {
  await world.stderr.write("Nothing was chosen, nothing was touched\n");
  return exitCodeOf("complete");
}

/** A dry run is told to whoever asked, on stdout, and to nobody else. */
export async function finishDryRun(session: Session, job: Job, ending: Ending): Promise<number> {
  const report = { ...makeReport(session, ending, job, { notes: [], logFile: undefined }), logTail: [] };
  if (session.flags?.isJson === true) return showReport(session, report);
  sayEnding(session, report, false);
  await session.world.stdout.write(formatBody(report));
  return report.exitCode;
}

/**
 * Report an ending from before there was a job: a bad command line, an invalid configuration. By the channels of
 * whatever of the configuration is valid; not on a terminal, where the person concerned is looking.
 */
export async function reportEarlyEnding(session: Session, ending: Ending): Promise<number> {
  const salvaged = await salvageConfig(configRequest(session));
  if (salvaged !== undefined) {
    session.log.setRedactor(createRedactor(salvaged.secrets));
    session.jobName = salvaged.settings.JOB;
  }
  const redact = createRedactor(salvaged?.secrets ?? []);
  const report = buildReport(ending, {
    ...commonFacts(session),
    job: salvaged?.settings.JOB ?? "unknown",
    host: salvaged?.settings.HOST_NAME ?? session.world.hostname,
    busyExit: undefined,
    extraNotes: [],
    logFile: undefined,
    redact,
  });
  sayEnding(session, report, false);
  const isUnattended = !session.world.stderr.isTerminal && session.flags?.isDryRun !== true;
  const isRun = session.flags === undefined || session.flags.mode === "run";
  if (salvaged !== undefined && isUnattended && isRun) {
    await writeMetrics(session, salvaged.settings, report);
    await deliverReport(session, salvaged, report);
  }
  return showReport(session, report);
}

function makeReport(session: Session, ending: Ending, job: Job, facts: FinishFacts): Report {
  return buildReport(ending, {
    ...commonFacts(session),
    job: job.settings.JOB,
    host: job.host.name,
    busyExit: job.settings.LOCK_BUSY_EXIT,
    extraNotes: facts.notes,
    logFile: facts.logFile,
    redact: job.redact,
  });
}

function commonFacts({ script, runId, startedAt, flags, deps, log }: Session) {
  return {
    script: script.name,
    runId,
    version: packageVersion,
    isDryRun: flags?.isDryRun ?? false,
    startedAt,
    endedAt: deps.clock.now(),
    logTail: log.tail(),
  };
}

/** The last event of the log, as loud as the outcome. */
function sayEnding({ log }: Session, report: Report, isBusyQuiet: boolean): void {
  const event = `run.${report.outcome}`;
  const details = [
    ...report.problems.filter((problem) => !report.headline.includes(problem)),
    ...(report.hint === undefined ? [] : [`Hint: ${report.hint}`]),
  ];
  const text = [formatLogLine(report), ...details].join("\n");
  if (report.outcome === "complete" || (report.outcome === "busy" && isBusyQuiet)) log.info(event, text);
  else if (report.outcome === "partial" || report.outcome === "busy") log.warning(event, text);
  else log.error(event, text);
}

async function showReport({ world, flags }: Session, report: Report): Promise<number> {
  // Whoever reads our output by a program does so whatever else is wrong with the command line.
  const isJson = flags?.isJson ?? world.argv.includes("--json");
  if (isJson) await world.stdout.write(`${formatReportJson(report, 2)}\n`);
  return report.exitCode;
}

/** A step of the exit path that fails is told, and the steps after it are taken all the same. */
export async function attempt(session: Session, action: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    session.log.error("report.incomplete", `Cannot ${action}: ${describeError(error)}`);
  }
}
