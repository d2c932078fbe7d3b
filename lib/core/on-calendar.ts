/** The `OnCalendar=` values that start a timer when cron would start an entry. */
import type { CronExpression } from "#lib/core/cron-expression.ts";

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** Two when a day of the month or a day of the week is enough: systemd asks for both. */
export function toOnCalendar(expression: CronExpression): readonly string[] {
  const { hours, minutes, daysOfMonth, daysOfWeek, isEitherDay } = expression;
  const time = `${list(hours, 24)}:${list(minutes, 60)}:00`;
  const month = list(expression.months, 12);
  const day = list(daysOfMonth, 31);
  const week = daysOfWeek.length === 7 ? "" : `${daysOfWeek.map((one) => weekdays[one]).join(",")} `;
  if (isEitherDay && week !== "" && day !== "*")
    return [`*-${month}-${day} ${time}`, `${week}*-${month}-* ${time}`];
  return [`${week}*-${month}-${day} ${time}`];
}

function list(values: readonly number[], all: number): string {
  return values.length === all ? "*" : values.map((value) => String(value).padStart(2, "0")).join(",");
}
