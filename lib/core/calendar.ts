/** Wall clock time in a zone, and the periods that retention counts by. */

export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const formatters = new Map<string, Intl.DateTimeFormat>();
const dayMs = 86_400_000;

/** What a clock on the wall shows in `timeZone` (an IANA name), summer time included. */
export function localTime(at: Date, timeZone: string): LocalTime {
  const found: Record<string, number> = {};
  for (const { type, value } of formatterOf(timeZone).formatToParts(at)) found[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = found;
  return { year, month, day, hour, minute, second };
}

export interface Periods {
  readonly day: string;
  /** ISO 8601 week, `2025-W45`. */
  readonly week: string;
  readonly month: string;
  readonly year: string;
}

/** The local day, week, month and year that an instant lies in; as text they sort by time. */
export function periodsOf(at: Date, timeZone: string): Periods {
  const { year, month, day } = localTime(at, timeZone);
  const two = (value: number) => String(value).padStart(2, "0");
  const four = String(year).padStart(4, "0");
  return {
    day: `${four}-${two(month)}-${two(day)}`,
    week: isoWeek(year, month, day),
    month: `${four}-${two(month)}`,
    year: four,
  };
}

/** The week belongs to the year that its Thursday lies in. */
function isoWeek(year: number, month: number, day: number): string {
  const date = Date.UTC(year, month - 1, day);
  const weekday = (new Date(date).getUTCDay() + 6) % 7;
  const thursday = new Date(date + (3 - weekday) * dayMs);
  const firstOfYear = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week = 1 + Math.floor((thursday.getTime() - firstOfYear) / (7 * dayMs));
  return `${String(thursday.getUTCFullYear()).padStart(4, "0")}-W${String(week).padStart(2, "0")}`;
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat("en-u-ca-gregory-nu-latn", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  formatters.set(timeZone, formatter);
  return formatter;
}
