/**
 * A crontab as Debian's cron reads it: one line that it does not understand, and it ignores the whole file, as it does
 * when the last line has no end. It says so in syslog, where nobody looks.
 */
import { type CronSchedule, parseCronExpression } from "#lib/core/cron-expression.ts";

export interface CrontabLine {
  readonly line: number;
  readonly schedule: CronSchedule;
  /** As it is written: `0 3,11,19 * * *`. */
  readonly when: string;
  /** Undefined in a user's crontab. */
  readonly user: string | undefined;
  /** Up to the first `%` that no backslash precedes: what follows is its input. */
  readonly command: string;
}

export interface Crontab {
  readonly lines: readonly CrontabLine[];
  /** Why cron ignores the whole file. */
  readonly flaw: string | undefined;
  /** What does not mean what it seems to. */
  readonly notes: readonly string[];
}

/** One without a value cron takes for an entry, and a bad one. */
const setting = /^\s*(?:"[^"]*"|'[^']*'|[^\s=]+)\s*=\s*\S/;
const zoneSetting = /^\s*["']?(CRON_TZ|TZ)["']?\s*=/;
const entry = /^\s*(@\S+|(?:\S+[ \t]+){4}\S+)(?:[ \t]+(.*))?$/;

/** `hasUser`: in /etc/crontab and /etc/cron.d the command stands after the name of a user. */
export function parseCrontab(text: string, hasUser: boolean): Crontab {
  const lines: CrontabLine[] = [];
  const flaws: string[] = [];
  const notes: string[] = [];
  for (const [index, content] of text.split("\n").entries()) {
    const line = index + 1;
    if (/^\s*(#|$)/.test(content)) continue;
    if (setting.test(content)) {
      const zone = zoneSetting.exec(content)?.[1];
      if (zone !== undefined)
        notes.push(`line ${line}: ${zone} moves no start: cron goes by the system's zone`);
      continue;
    }
    const found = parseEntry(content, hasUser);
    if ("problem" in found) flaws.push(`line ${line}: ${found.problem}`);
    else lines.push({ line, ...found });
  }
  if (text !== "" && !text.endsWith("\n")) flaws.push("its last line has no end");
  return { lines, flaw: flaws[0], notes };
}

function parseEntry(content: string, hasUser: boolean): Omit<CrontabLine, "line"> | { problem: string } {
  const [, when, rest = ""] = entry.exec(content) ?? [];
  if (when === undefined) return { problem: "five fields and a command required" };
  const schedule = parseCronExpression(when);
  if ("problem" in schedule) return schedule;
  if (!hasUser) return { schedule, when, user: undefined, command: cutInput(rest) };
  const [, user, command] = /^(\S+)(?:[ \t]+(.*))?$/.exec(rest) ?? [];
  if (user === undefined || command === undefined) return { problem: "a user and a command required" };
  return { schedule, when, user, command: cutInput(command) };
}

function cutInput(command: string): string {
  return (/^(?:\\.|[^%\\]|\\$)*/.exec(command)?.[0] ?? "").replaceAll("\\%", "%").trim();
}

export interface AnacrontabLine {
  readonly line: number;
  /** `1`, `7`, `@monthly`: days between starts. */
  readonly period: string;
  readonly command: string;
}

/** `/etc/anacrontab`: period, delay, name, command. Lines that anacron does not understand it skips. */
export function parseAnacrontab(text: string): AnacrontabLine[] {
  return text.split("\n").flatMap((content, index) => {
    if (/^\s*(#|$)/.test(content) || setting.test(content)) return [];
    const match = /^\s*(\d+|@(?:daily|weekly|monthly|yearly|annually))\s+\d+\s+(\S+)\s+(.+)$/.exec(content);
    return match === null
      ? []
      : [{ line: index + 1, period: match[1] ?? "", command: (match[3] ?? "").trim() }];
  });
}

/** Names that cron reads in /etc/cron.d, and run-parts in /etc/cron.daily and its like. A dot makes both look away. */
export function isCronName(name: string): boolean {
  return /^[A-Za-z0-9_-]+$/.test(name);
}
