/** Where the marks of a time axis stand: on round times of UTC, two to five of them. */
import {
  type CountableTimeInterval,
  type TimeInterval,
  unixDay,
  utcHour,
  utcMonday,
  utcMonth,
  utcYear,
} from "d3-time";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const monthMs = 30.5 * dayMs;
const yearMs = 366 * dayMs;
const marksAtMost = 5;
const monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

interface Step {
  readonly interval: TimeInterval;
  readonly lengthMs: number;
  readonly labelOf: (date: Date, isFirst: boolean) => string;
}

/** Days counted through the ends of months, or the 31st and the 1st would stand beside each other. */
const steps: readonly Step[] = [
  ...[1, 3, 6, 12].map((hours) => stepOf(utcHour, hours, hourMs, formatDayOrTime)),
  ...[1, 2, 4].map((days) => stepOf(unixDay, days, dayMs, formatDay)),
  ...[1, 2, 3].map((weeks) => stepOf(utcMonday, weeks, 7 * dayMs, formatDay)),
  ...[1, 2, 3, 6].map((months) => stepOf(utcMonth, months, monthMs, formatMonth)),
];

export interface TimeAxis {
  readonly from: number;
  readonly to: number;
  readonly marks: readonly { readonly at: number; readonly label: string }[];
}

/** The axis that these times need; a day around a single one, and around what is hardly more. */
export function planTimeAxis(times: readonly number[]): TimeAxis {
  const first = times.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const last = times.reduce((most, at) => Math.max(most, at), Number.NEGATIVE_INFINITY);
  const pad = last - first < 3 * hourMs ? dayMs / 2 : 0;
  const [from, to] = [first - pad, last + pad];
  const { interval, labelOf } =
    steps.find(({ lengthMs }) => (to - from) / lengthMs < marksAtMost) ?? yearStep(to - from);
  const dates = interval.range(new Date(from), new Date(to + 1));
  const marks = dates.map((date, index) => ({ at: date.getTime(), label: labelOf(date, index === 0) }));
  return { from, to, marks };
}

function stepOf(unit: CountableTimeInterval, count: number, unitMs: number, labelOf: Step["labelOf"]): Step {
  return { interval: unit.every(count) ?? unit, lengthMs: count * unitMs, labelOf };
}

/** Years are longer than any history, but not than what a clock that is wrong makes of one. */
function yearStep(spanMs: number): Step {
  const count = Math.ceil(spanMs / yearMs / (marksAtMost - 1));
  return stepOf(utcYear, count, yearMs, (date) => String(date.getUTCFullYear()));
}

/** `21 Nov` at midnight, the time of day at others. */
function formatDayOrTime(date: Date): string {
  const time = date.toISOString().slice(11, 16);
  return time === "00:00" ? formatDay(date) : time;
}

function formatDay(date: Date): string {
  return `${date.getUTCDate()} ${monthNames[date.getUTCMonth()]}`;
}

/** With its year where one begins. */
function formatMonth(date: Date, isFirst: boolean): string {
  const month = `${monthNames[date.getUTCMonth()]}`;
  return isFirst || date.getUTCMonth() === 0 ? `${month} ${date.getUTCFullYear()}` : month;
}
