/** Where whole sets are, by what a run reports: the places that a backup should be in, and since when each has one. */
import type { Report } from "#lib/core/report.ts";
import { isWholeBackup } from "#lib/core/run-history.ts";

/** Name of a place, `copy destination` or `store nas`, to the end of the last run that left a whole set there. */
export type SetPlaces = Readonly<Record<string, string>>;

/** The first local destination. */
export const localPlace = "copy destination";

export function placeName({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind} ${name}`;
}

/**
 * The places after a run. A store that was unreachable makes the run partial, yet the set is whole and in every other place. What
 * waited and is uploaded later is the newest whole set as well: a store that is complete waits for nothing.
 */
export function updatePlaces(known: SetPlaces, report: Report): SetPlaces {
  const sources = report.parts.filter(({ kind }) => kind === "source");
  const isWhole =
    isWholeBackup(report) && sources.length > 0 && sources.every(({ outcome }) => outcome === "complete");
  const date = isWhole ? report.endedAt : known[localPlace];
  const isUpload = sources.length === 0;
  if (date === undefined || !(isWhole || isUpload)) return known;
  const reached = report.parts.filter(
    ({ kind, outcome }) => outcome === "complete" && (kind === "store" || (kind === "copy" && isWhole)),
  );
  return { ...known, ...Object.fromEntries(reached.map((part) => [placeName(part), date])) };
}
