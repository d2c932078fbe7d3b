/** A report in words, in three lengths: log line, subject, body. For a person at three in the morning. */
import { formatDuration } from "#lib/core/duration.ts";
import { headerText } from "#lib/core/header-text.ts";
import type { Message } from "#lib/core/message.ts";
import { outcomeFacts, type PartOutcome, severityOf } from "#lib/core/outcome.ts";
import { type Finding, formatReportJson, type PartReport, type Report } from "#lib/core/report.ts";

const notesShown = 20;
const logLinesShown = 60;
const marks: Readonly<Record<PartOutcome, string>> = { complete: "✓", partial: "!", failed: "✗" };

/** One line: how it ended, what happened, how long it took. */
export function formatLogLine(report: Report): string {
  return `${tagOf(report)}: ${headerText(report.headline)} (${formatRunTime(report)})`;
}

/** The word for an ending, the same in the log and in the subject of a message. */
function tagOf(report: Report): string {
  return report.tag ?? (listLacking(report).length > 0 ? "DEGRADED" : outcomeFacts[report.outcome].tag);
}

/**
 * `[FAILED] backup-run app on web1`; CRITICAL takes the outcome's place when a person is needed now. A partial run names
 * the sources that it lacks or doubts: `[PARTIAL] backup-run app on web1: database-shop`; one whose set is whole names the
 * places that do not have it: `[DEGRADED] backup-run app on web1: store nas`.
 */
export function formatSubject(report: Report): string {
  const sources = report.parts.filter(({ kind }) => kind === "source" || kind === "unit");
  const wanting = sources.filter(({ outcome, isDoubtful }) => outcome === "failed" || isDoubtful === true);
  const named =
    report.outcome === "partial" ? [...wanting.map(({ name }) => name), ...listLacking(report)] : [];
  const names = named.length === 0 ? "" : `: ${named.join(", ")}`;
  return headerText(
    `[${report.critical ? "CRITICAL" : tagOf(report)}] ${report.script} ${report.job} on ${report.host}${names}`,
  );
}

/** Places that do not have the set of a partial run, if it lacks nothing else: all that it was asked for exists once. */
function listLacking({ outcome, parts }: Report): string[] {
  const wanting = parts.filter((part) => part.outcome !== "complete" || part.isDoubtful === true);
  const isWhole = wanting.every((part) => part.outcome === "failed" && isPlace(part));
  return outcome === "partial" && isWhole ? wanting.map(({ kind, name }) => `${kind} ${name}`) : [];
}

function isPlace({ kind }: PartReport): boolean {
  return kind === "store" || kind === "copy";
}

/** What happened and what was made, without names of files and without the log: what may go to services of others. */
export function formatSummary(report: Report): string {
  const problems = report.problems.filter((problem) => !report.headline.includes(problem));
  return [
    report.headline,
    ...(report.hint === undefined ? [] : [`Hint: ${report.hint}`]),
    ...section("Problems", problems),
    ...section("Parts", report.parts.map(formatPart)),
  ].join("\n");
}

/** The whole report. */
export function formatBody(report: Report): string {
  const failed = report.findings.filter((finding) => !finding.passed);
  const log = report.logTail.slice(-logLinesShown);
  const lines = [
    formatSummary(report),
    ...section("Checks that failed", failed.map(formatFinding)),
    ...section(`Notes (${report.notes.length})`, capped(report.notes)),
    ...section("Run", formatFacts(report)),
    ...section(`Last ${log.length} lines of the log`, log),
    ...section("To look further", listCommands(report)),
  ];
  return `${lines.join("\n")}\n`;
}

/** The message of a report; undefined for an outcome about which monitors hear nothing. */
export function createMessage(report: Report, id: string): Message | undefined {
  const severity = severityOf(report.outcome);
  if (severity === undefined) return undefined;
  const { logTail: _log, ...withoutLog } = report;
  const { runId, host, job, script, outcome, exitCode, critical, endedAt, durationSeconds } = report;
  return {
    id,
    runId,
    host,
    job,
    script,
    outcome,
    exitCode,
    severity,
    critical,
    createdAt: endedAt,
    durationMs: Math.round(durationSeconds * 1000),
    subject: formatSubject(report),
    summary: formatSummary(report),
    body: formatBody(report),
    reportJson: formatReportJson(withoutLog),
  };
}

function formatPart({ kind, name, outcome, message }: PartReport): string {
  return `${marks[outcome]} ${kind} ${name}: ${message}`;
}

function formatFinding({ name, message, hint }: Finding): string {
  return `${name}: ${message}${hint === undefined ? "" : `. ${hint}`}`;
}

function formatFacts(report: Report): string[] {
  return [
    `${report.script} ${report.version}, job "${report.job}" on ${report.host}, run ${report.runId}`,
    `${report.startedAt} to ${report.endedAt} (${formatRunTime(report)}), exit code ${report.exitCode}`,
    ...(report.set === undefined ? [] : [`Set: ${report.set}`]),
    ...(report.logFile === undefined ? [] : [`Log: ${report.logFile}`]),
  ];
}

/** Commands that can be pasted. */
function listCommands({ runId, set, logFile }: Report): string[] {
  const quoted = (path: string) => `'${path.replaceAll("'", "'\\''")}'`;
  return [
    ...(logFile === undefined ? [] : [`grep ${runId.slice(0, 8)} ${quoted(logFile)}`]),
    ...(set === undefined ? [] : [`cd ${quoted(set)} && sha256sum -c SHA256SUMS`]),
  ];
}

function formatRunTime({ durationSeconds }: Report): string {
  return formatDuration(durationSeconds * 1000);
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return ["", `${title}:`, ...lines.map((line) => `  ${line.replaceAll("\n", "\n  ")}`)];
}

function capped(notes: readonly string[]): string[] {
  const rest = notes.length - notesShown;
  return [...notes.slice(0, notesShown), ...(rest > 0 ? [`and ${rest} more, see the log`] : [])];
}
