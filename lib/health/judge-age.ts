/** How old the last whole set is, here and in every other place where it should be. */
import { nextStarts } from "#lib/core/cron-times.ts";
import { formatDuration } from "#lib/core/duration.ts";
import type { HealthFinding } from "#lib/core/health.ts";
import { localPlace, placeName } from "#lib/core/set-places.ts";
import { ageMs, type JobView } from "#lib/health/job-view.ts";
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
    ...listCopies(view).map((place) => judgePlace(view, place, `copy ${place}`, "warning", limitMs)),
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
  const age = ageMs(at, now);
  const message = `The last whole set ${where} is ${formatDuration(age)} old, ${formatDuration(limitMs)} is allowed`;
  const figure = { value: Math.round(age / 1000), unit: "s", limit: Math.round(limitMs / 1000) } as const;
  if (age <= limitMs) return { name, severity: "ok", message, figure };
  return { name, severity, message, figure, hint: "Look at the last runs in the log: none of them left one" };
}

/** MAX_AGE_HOURS, or what the schedule says. */
export function maxAgeMs(view: JobView): number {
  const { MAX_AGE_HOURS } = view.settings;
  if (MAX_AGE_HOURS !== undefined) return MAX_AGE_HOURS * hourMs;
  const { now, facts } = view;
  const starts = ownEntries(view).flatMap(({ timings }) =>
    timings.flatMap((timing) => {
      if (timing.kind === "cron") return nextStarts(timing.expression, now, facts.timeZone, startsLookedAt);
      return timing.kind === "calendar" ? timing.next : [];
    }),
  );
  const times = [...new Set(starts.map((start) => start.getTime()))].sort((a, b) => a - b);
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? time));
  return pauses.length === 0 ? unscheduledMs : Math.max(...pauses) * slack;
}

/** Where else sets should be. */
function listCopies({ settings }: JobView): readonly string[] {
  const second = settings.SECONDARY_DIR === undefined ? [] : [{ kind: "copy", name: "second destination" }];
  return [...second, ...settings.STORES.map(({ name }) => ({ kind: "store", name }))].map(placeName);
}
