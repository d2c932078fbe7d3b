/**
 * When Debian's cron starts an entry, as it reads the five fields.
 *
 * cron-parser knows the calendar. What cron does otherwise is decided here: which spellings cron takes at all (no `5/15`,
 * no `L`, `#`, `?` or `H`, names of three letters), and that a field which begins with `*` counts as unrestricted, so that
 * day of month and day of week are both required, where two restricted ones are alternatives (crontab(5)).
 */
import { type CronExpression as Calendar, CronExpressionParser } from "cron-parser";

export interface CronExpression {
  readonly kind: "times";
  /** The five fields, `@daily` and its like spelled out. */
  readonly text: string;
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly daysOfWeek: readonly number[];
  /** Days match when either field does. Otherwise both must. */
  readonly isEitherDay: boolean;
  /** No `*` in minute or hour: cron makes up for a time that the clock skips, and does not repeat one. */
  readonly isFixed: boolean;
  /** No date has them all, as with February 30. */
  readonly isNever: boolean;
}

/** At each start of cron, which is at boot. */
export interface AtBoot {
  readonly kind: "boot";
}

export type CronSchedule = CronExpression | AtBoot;

const nicknames: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const fields = [
  { name: "minute", first: 0, last: 59, names: [] },
  { name: "hour", first: 0, last: 23, names: [] },
  { name: "day-of-month", first: 1, last: 31, names: [] },
  { name: "month", first: 1, last: 12, names: months },
  { name: "day-of-week", first: 0, last: 7, names: weekdays },
] as const;

/** The schedule of an entry, or what cron finds wrong with it. Fields are separated by blanks. */
export function parseCronExpression(text: string): CronSchedule | { readonly problem: string } {
  const given = text.trim();
  if (given === "@reboot") return { kind: "boot" };
  if (given.startsWith("@") && !Object.hasOwn(nicknames, given)) return { problem: "bad time specifier" };
  const spelled = nicknames[given] ?? given;
  const words = spelled.split(/[ \t]+/);
  if (words.length !== fields.length) return { problem: `${fields.length} fields required` };
  const sets: (readonly number[])[] = [];
  for (const [index, field] of fields.entries()) {
    const values = readField(words[index] ?? "", field);
    if (values === undefined) return { problem: `bad ${field.name}` };
    sets.push(values);
  }
  const [minutes = [], hours = [], daysOfMonth = [], monthNumbers = [], weekdayNumbers = []] = sets;
  const isStar = (index: number) => words[index]?.startsWith("*") === true;
  const expression: CronExpression = {
    kind: "times",
    text: words.join(" "),
    minutes,
    hours,
    daysOfMonth,
    months: monthNumbers,
    daysOfWeek: [...new Set(weekdayNumbers.map((day) => day % 7))].sort((a, b) => a - b),
    isEitherDay: !isStar(2) && !isStar(4),
    // `@hourly` counts as with a star, so that a repeated hour is served twice.
    isFixed: !isStar(0) && !isStar(1),
    isNever: false,
  };
  return { ...expression, isNever: openCalendar(expression, 0) === undefined };
}

type Field = (typeof fields)[number];

function readField(word: string, field: Field): number[] | undefined {
  const values = new Set<number>();
  for (const part of word.split(",")) {
    const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null) return undefined;
    const [, star, from, to, step] = match;
    // A step needs a range to go through.
    if (step !== undefined && (Number(step) === 0 || (star === undefined && to === undefined)))
      return undefined;
    const first = star === undefined ? readNumber(from ?? "", field) : field.first;
    const last = star !== undefined ? field.last : to === undefined ? first : readNumber(to, field);
    if (first === undefined || last === undefined) return undefined;
    // A range that runs backwards is accepted, and holds nothing.
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function readNumber(word: string, { names, first, last }: Field): number | undefined {
  const index = (names as readonly string[]).indexOf(word.toLowerCase());
  if (index !== -1) return index + first;
  if (!/^\d{1,3}$/.test(word)) return undefined;
  const value = Number(word);
  return value >= first && value <= last ? value : undefined;
}

/**
 * The wall clock times of an expression after `wallMs`, both as if the wall showed UTC; undefined when there are none.
 */
export function* wallTimes(expression: CronExpression, wallMs: number): Generator<number, void> {
  const calendar = openCalendar(expression, wallMs);
  if (calendar === undefined) return;
  while (calendar.hasNext()) {
    const at = calendar.next().toDate();
    const isBoth =
      expression.isEitherDay ||
      (expression.daysOfMonth.includes(at.getUTCDate()) && expression.daysOfWeek.includes(at.getUTCDay()));
    if (isBoth) yield at.getTime();
  }
}

/** No calendar has gone without a February 29 on a given weekday for longer. */
const horizonMs = 41 * 366 * 86_400_000;

function openCalendar(expression: CronExpression, wallMs: number): Calendar | undefined {
  const { minutes, hours, daysOfMonth, daysOfWeek, isEitherDay } = expression;
  const list = (values: readonly number[], all: number) =>
    values.length === all ? "*" : values.length === 0 ? undefined : values.join(",");
  const days = list(daysOfMonth, 31);
  const weekdayList = list(daysOfWeek, 7);
  const words = [list(minutes, 60), list(hours, 24), days, list(expression.months, 12), weekdayList];
  if (words.includes(undefined)) return undefined;
  // Where both must match, the calendar gives the days of the month, and the weekday is looked at afterwards.
  if (!isEitherDay) words[4] = "*";
  try {
    return CronExpressionParser.parse(words.join(" "), {
      tz: "UTC",
      currentDate: new Date(wallMs),
      endDate: new Date(wallMs + horizonMs),
    });
  } catch {
    // It takes what can never be for a mistake.
    return undefined;
  }
}
