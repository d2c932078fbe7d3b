import type { CronExpression } from "#lib/core/cron-expression.ts";

const dayMinutes = 24 * 60;
/** A backup that began so long ago has most probably ended, and a drill that begins so long before one will have. */
const apartMinutes = 120;
/** Sunday, when the least is done; the first hour that is looked at. */
const firstHour = 5;

/**
 * When the restore of a job is drilled, as five fields: on Sundays, in the hour that lies apart from the starts of its backups.
 * Both hold the job's lock, so one that comes too near would find it held.
 */
export function planDrillTime({ hours, minutes }: CronExpression, minute: number): string {
  const starts = hours.flatMap((hour) => minutes.map((one) => hour * 60 + one));
  const room = (hour: number) => {
    const at = hour * 60 + minute;
    const gaps = starts.flatMap((start) => [
      (at - start + dayMinutes) % dayMinutes,
      (start - at + dayMinutes) % dayMinutes,
    ]);
    return Math.min(apartMinutes, ...gaps);
  };
  const candidates = Array.from({ length: 24 }, (_, index) => (firstHour + index) % 24);
  const best = candidates.reduce((found, hour) => (room(hour) > room(found) ? hour : found));
  return `${minute} ${best} * * 0`;
}
