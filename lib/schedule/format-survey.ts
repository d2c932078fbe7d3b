/** The schedule of a machine as text: a table, and below it what a person should do something about. */
import { nextStarts } from "#lib/core/cron-times.ts";
import { configOf, placeOf, type ScheduleEntry } from "#lib/core/schedule-entry.ts";
import type { Clash, JudgedAt, ScheduleJudgement } from "#lib/core/schedule-judgement.ts";
import { formatWall } from "#lib/core/wall-clock.ts";
import type { Survey } from "#lib/schedule/survey.ts";

export function formatSurvey({ entries, at, problems }: Survey, judgement: ScheduleJudgement): string {
  const findings = formatFindings(judgement, problems, at);
  const table = entries.length === 0 ? ["Nothing on this machine starts a backup"] : formatTable(entries, at);
  return [...table, ...(findings.length === 0 ? [] : ["", ...findings]), ""].join("\n");
}

const headings = ["STARTS", "WHEN", "NEXT", "USER", "WHERE"];

function formatTable(entries: readonly ScheduleEntry[], at: JudgedAt): readonly string[] {
  const rows = [
    headings,
    ...entries.map((entry) => [
      describeStarted(entry),
      entry.when,
      entry.flaw === undefined ? describeNext(entry, at) : "never",
      entry.user ?? "-",
      placeOf(entry),
    ]),
  ];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** `backup-run.ts shop`, `backup-run.sh`, `restore.ts drill`, `restic backup /srv`. */
export function describeStarted({ backup }: Pick<ScheduleEntry, "backup">): string {
  const { role, config, program, identity } = backup;
  return config === undefined || role === "check" ? identity : `${program} ${config}`;
}

function describeNext(entry: ScheduleEntry, at: JudgedAt): string {
  const [next] = startsAfter(entry, at, 1);
  if (next !== undefined) return formatWall(next, at.timeZone);
  return entry.timings.some(({ kind }) => kind === "boot") ? "at boot" : "unknown";
}

/** The next starts of an entry, as far as they can be told: of timers as many as systemd was asked for. */
export function startsAfter(
  entry: ScheduleEntry,
  { now, timeZone }: JudgedAt,
  count: number,
): readonly Date[] {
  const starts = entry.timings.flatMap((timing) => {
    if (timing.kind === "cron") return nextStarts(timing.expression, now, timeZone, count);
    return timing.kind === "calendar" ? timing.next : [];
  });
  return starts.toSorted((a, b) => a.getTime() - b.getTime()).slice(0, count);
}

/** One line per finding, the worst first. */
export function formatFindings(
  { duplicates, overlaps, unscheduled, ignored }: ScheduleJudgement,
  problems: readonly string[],
  { timeZone }: JudgedAt,
): readonly string[] {
  return [
    ...duplicates.map((clash) => `DUPLICATE  ${clash.what} is started by ${describeClash(clash, timeZone)}`),
    ...unscheduled.map(({ name, config }) => `MISSING    nothing starts the job ${name} (${config})`),
    ...ignored.map((entry) => `IGNORED    ${placeOf(entry)} (${describeStarted(entry)}): ${entry.flaw}`),
    ...problems.map((problem) => `PROBLEM    ${problem}`),
    ...overlaps.map((clash) => `OVERLAP    ${describeClash(clash, timeZone)}`),
  ];
}

function describeClash({ entries, together }: Clash, timeZone: string): string {
  const [next] = together;
  const places = entries.map(placeOf).join(" and ");
  return next === undefined
    ? `${places}, at different times`
    : `${places}, next together ${formatWall(next, timeZone)}`;
}

/** For `--json`. */
export function entryJson(entry: ScheduleEntry, at: JudgedAt): Record<string, unknown> {
  const { source, file, line, user, when, command, backup, flaw } = entry;
  const next = flaw === undefined ? startsAfter(entry, at, 1)[0]?.toISOString() : undefined;
  return {
    source,
    file,
    line,
    user,
    when,
    command,
    role: backup.role,
    starts: configOf(entry) ?? backup.identity,
    next,
    flaw,
  };
}
