/** A report in words, in three lengths: log line, subject, body. For a person at three in the morning. */
import { formatDuration } from "#lib/core/duration.ts";
import type { Message } from "#lib/core/message.ts";
import { outcomeFacts, severityOf } from "#lib/core/outcome.ts";
import type { Finding, Report } from "#lib/core/report.ts";

const notesShown = 20;
const logLinesShown = 60;

/** One line: how it ended, what happened, how long it took. */
export function formatLogLine(report: Report): string {
  return `${outcomeFacts[report.outcome].tag}: ${oneLine(report.headline)} (${formatDuration(report.durationSeconds * 1000)})`;
}

/** `[FAILED] backup-run app on web1`; CRITICAL takes the outcome's place when a person is needed now. */
export function formatSubject(report: Report): string {
  const tag = report.critical ? "CRITICAL" : outcomeFacts[report.outcome].tag;
  return oneLine(`[${tag}] ${report.script} ${report.job} on ${report.host}`);
}

/** What happened, without the log: what may go to services of others. */
export function formatSummary(report: Report): string {
  const problems = report.problems.filter((problem) => !report.headline.includes(problem));
  return [
    report.headline,
    ...(report.hint === undefined ? [] : [`Hint: ${report.hint}`]),
    ...section("Problems", problems),
    ...section(
      "Done",
      report.parts.map((part) => `${part.outcome === "complete" ? "✓" : "✗"} ${part.name}: ${part.message}`),
    ),
    ...section("Checks that failed", report.findings.filter((finding) => !finding.passed).map(formatFinding)),
    ...section("Notes", capped(report.notes)),
  ].join("\n");
}

/** The whole report. */
export function formatBody(report: Report): string {
  const facts = [
    `Run ${report.runId} of ${report.script} ${report.version}, job "${report.job}" on ${report.host}`,
    `${report.startedAt} to ${report.endedAt} (${formatDuration(report.durationSeconds * 1000)}), exit code ${report.exitCode}`,
    ...(report.logFile === undefined ? [] : [`Log: ${report.logFile}`]),
  ];
  const log = report.logTail.slice(-logLinesShown);
  return `${[formatSummary(report), "", ...facts, ...section(`Last ${log.length} lines of the log`, log)].join("\n")}\n`;
}

/** The message of a report; undefined for an outcome about which monitors hear nothing. */
export function createMessage(report: Report, id: string): Message | undefined {
  const severity = severityOf(report.outcome);
  if (severity === undefined) return undefined;
  const { runId, host, job, script, outcome, exitCode, critical, endedAt, logTail: _log, ...rest } = report;
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
    subject: formatSubject(report),
    summary: formatSummary(report),
    body: formatBody(report),
    reportJson: JSON.stringify({ ...rest, runId, host, job, script, outcome, exitCode, critical, endedAt }),
  };
}

function formatFinding(finding: Finding): string {
  return finding.hint === undefined ? finding.message : `${finding.message}. ${finding.hint}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? []
    : ["", `${title}:`, ...lines.map((line) => `  ${line.replaceAll("\n", "\n  ")}`)];
}

function capped(notes: readonly string[]): string[] {
  const rest = notes.length - notesShown;
  return [...notes.slice(0, notesShown), ...(rest > 0 ? [`and ${rest} more, see the manifest`] : [])];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, " ");
}
