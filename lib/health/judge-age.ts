/** How old the last whole set is, here and in every other place where it should be. */
import { nextStarts } from "#lib/core/cron-times.ts";
import { formatDuration } from "#lib/core/duration.ts";
import type { HealthFinding } from "#lib/core/health.ts";
import type { Timing } from "#lib/core/schedule-entry.ts";
import { localPlace, placeName } from "#lib/core/set-places.ts";
import { ageMs, isToCome, type JobView } from "#lib/health/job-view.ts";
import { ownEntries } from "#lib/health/judge-schedule.ts";

const hourMs = 3_600_000;
const unscheduledMs = 26 * hourMs;
const slack = 1.25;
/** A week of an hourly job; its longest pause is the night. */
const startsLookedAt = 60;

export function judgeAge(view: JobView): readonly HealthFinding[] {
  const limitMs = maxAgeMs(view);
  return [
    judgePlace(view, localPlace, "age", "critical", limitMs),
    ...listCopies(view).map((place) => judgePlace(view, place, findingOf(place), "warning", limitMs)),
  ];
}

function judgePlace(
  { record, now }: JobView,
  place: string,
  name: string,
  severity: "warning" | "critical",
  limitMs: number,
): HealthFinding {
  const at = record.places[place] ?? (place === localPlace ? record.lastCompleteAt : undefined);
  const where = place === localPlace ? "here" : `in ${place.replace(/^copy /, "the ")}`;
  if (at === undefined) {
    const message = `There is no whole set ${where} yet`;
    return { name, severity, message, hint: "Run backup-run by hand and look at its report" };
  }
  // The clock's finding is critical then.
  if (isToCome(at, now))
    return { name, severity: "ok", message: `The last whole set ${where} is of a time to come, ${at}` };
  const age = ageMs(at, now);
  const message = `The last whole set ${where} is ${formatDuration(age)} old, ${formatDuration(limitMs)} is allowed`;
  const figure = { value: Math.round(age / 1000), unit: "s", limit: Math.round(limitMs / 1000) } as const;
  if (age <= limitMs) return { name, severity: "ok", message, figure };
  return { name, severity, message, figure, hint: "Look at the last runs in the log: none of them left one" };
}

/** `copy second destination`, `copy store nas`. */
function findingOf(place: string): string {
  return place.startsWith("copy ") ? place : `copy ${place}`;
}

/** MAX_AGE_HOURS, or what the schedule says. */
export function maxAgeMs(view: JobView): number {
  const { MAX_AGE_HOURS } = view.settings;
  if (MAX_AGE_HOURS !== undefined) return MAX_AGE_HOURS * hourMs;
  const timings = ownEntries(view).flatMap((entry) => entry.timings);
  const periods = timings.flatMap((timing) => (timing.kind === "interval" ? (timing.periodMs ?? []) : []));
  const pauses = [...periods, ...longestPause(view, timings)];
  return pauses.length === 0 ? unscheduledMs : Math.min(...pauses) * slack;
}

/** Between starts at known times: the coming ones, and the pause that the last whole set was made before. */
function longestPause({ record, facts, now }: JobView, timings: readonly Timing[]): readonly number[] {
  const startsAfter = (from: Date, count: number) =>
    timings.flatMap((timing) =>
      timing.kind === "cron" ? nextStarts(timing.expression, from, facts.timeZone, count) : [],
    );
  const calendars = timings.flatMap((timing) => (timing.kind === "calendar" ? timing.next : []));
  const starts = new Set([...startsAfter(now, startsLookedAt), ...calendars].map(Number));
  const times = [...starts].sort((a, b) => a - b);
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const madeMs = Date.parse(record.places[localPlace] ?? "");
  // What systemd started since then it does not say.
  if (pauses.length > 0 && calendars.length === 0 && !Number.isNaN(madeMs)) {
    const next = startsAfter(new Date(madeMs), 1).map((start) => start.getTime() - madeMs);
    if (next.length > 0) pauses.push(Math.min(...next));
  }
  return pauses.length === 0 ? [] : [Math.max(...pauses)];
}

/** Where else sets should be. */
function listCopies({ settings }: JobView): readonly string[] {
  const second = settings.SECONDARY_DIR === undefined ? [] : [{ kind: "copy", name: "second destination" }];
  return [...second, ...settings.STORES.map(({ name }) => ({ kind: "store", name }))].map(placeName);
}
