/** Between instants and what the clock on the wall shows, where clocks jump. Wall times are written as if they were UTC. */
import { localTime } from "#lib/core/calendar.ts";

const dayMs = 86_400_000;

/** What the wall shows at an instant, to the second. */
export function wallOf(instantMs: number, timeZone: string): number {
  const { year, month, day, hour, minute, second } = localTime(new Date(instantMs), timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

export interface Instants {
  /** Two when the clock is set back over that time; the moment of the jump when it was skipped. */
  readonly instants: readonly number[];
  readonly isSkipped: boolean;
}

/** When the wall shows a time. */
export function instantsOf(wallMs: number, timeZone: string): Instants {
  const offsetAt = (instant: number) => wallOf(instant, timeZone) - instant;
  const day = Math.floor(wallMs / dayMs) * dayMs;
  const [before, behind] = [offsetOfDay(day - dayMs, timeZone), offsetOfDay(day + 2 * dayMs, timeZone)];
  if (before === behind) return { instants: [wallMs - before], isSkipped: false };
  const candidates = [...new Set([wallMs - before, wallMs - behind])].sort((a, b) => a - b);
  const instants = candidates.filter((instant) => wallOf(instant, timeZone) === wallMs);
  if (instants.length > 0) return { instants, isSkipped: false };
  return { instants: [findJump(day - dayMs, day + 2 * dayMs, offsetAt)], isSkipped: true };
}

const offsets = new Map<string, number>();

/** Kept: a schedule asks for the same days again and again, and the question is slow. */
function offsetOfDay(instantMs: number, timeZone: string): number {
  const key = `${instantMs} ${timeZone}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const offset = wallOf(instantMs, timeZone) - instantMs;
  offsets.set(key, offset);
  return offset;
}

/** The first whole second with the later offset. */
function findJump(earlier: number, later: number, offsetAt: (instant: number) => number): number {
  const target = offsetAt(later);
  let [low, high] = [earlier, later];
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (offsetAt(middle) === target) high = middle;
    else low = middle;
  }
  return high;
}

const pad = (value: number) => String(value).padStart(2, "0");
const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** `Sun 2026-03-29 03:00 +0200`: what the wall shows at an instant, and how far it is from UTC. */
export function formatWall(at: Date, timeZone: string): string {
  const wall = wallOf(at.getTime(), timeZone);
  const shown = new Date(wall);
  const offset = Math.round((wall - at.getTime()) / 60_000);
  const zone = `${offset < 0 ? "-" : "+"}${pad(Math.floor(Math.abs(offset) / 60))}${pad(Math.abs(offset) % 60)}`;
  const date = `${shown.getUTCFullYear()}-${pad(shown.getUTCMonth() + 1)}-${pad(shown.getUTCDate())}`;
  return `${weekdays[shown.getUTCDay()]} ${date} ${pad(shown.getUTCHours())}:${pad(shown.getUTCMinutes())} ${zone}`;
}

const scannedDays = 400;

/** The moments within a year or so at which the clock of a zone is set forward or back. */
export function nextJumps(from: Date, timeZone: string): readonly Date[] {
  const offsetAt = (instant: number) => wallOf(instant, timeZone) - instant;
  const start = Math.floor(from.getTime() / 1000) * 1000;
  return Array.from({ length: scannedDays }, (_, day) => start + day * dayMs).flatMap((day) =>
    offsetAt(day) === offsetAt(day + dayMs) ? [] : [new Date(findJump(day, day + dayMs, offsetAt))],
  );
}
