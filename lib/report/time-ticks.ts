/** Where the marks of a time axis stand: on round times of UTC, evenly. */

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const marksAtMost = 5;
const steps = [1, 3, 6, 12, 24, 48, 96, 168, 336, 672, 1344, 2688, 8736].map((hours) => hours * hourMs);
/** Beyond it the axis may be longer than a year. */
const longestOfDays = 28 * dayMs;
const monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export interface TimeAxis {
  readonly from: number;
  readonly to: number;
  readonly marks: readonly number[];
  readonly labelOf: (mark: number) => string;
}

/** The axis that these times need; a day around a single one. */
export function planTimeAxis(times: readonly number[]): TimeAxis {
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const pad = last - first < hourMs ? dayMs / 2 : 0;
  const [from, to] = [first - pad, last + pad];
  const step = steps.find((one) => (to - from) / one < marksAtMost) ?? Math.ceil((to - from) / marksAtMost);
  const start = Math.ceil(from / step) * step;
  const marks = Array.from(
    { length: Math.max(0, Math.floor((to - start) / step) + 1) },
    (_, n) => start + n * step,
  );
  return { from, to, marks, labelOf: step > longestOfDays ? formatMonth : formatDayOrTime };
}

/** `21 Nov` at midnight, the time of day at others. */
function formatDayOrTime(at: number): string {
  const date = new Date(at);
  const time = date.toISOString().slice(11, 16);
  return time === "00:00" ? `${date.getUTCDate()} ${monthNames[date.getUTCMonth()]}` : time;
}

function formatMonth(at: number): string {
  const date = new Date(at);
  return `${monthNames[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}
