/** Where whole sets are, by what a run reports: the places that a backup should be in, and since when each has one. */
import { isWholeBackup, type PastRun } from "#lib/core/run-history.ts";

/** Name of a place, `copy destination` or `store nas`, to the end of the last run that left a whole set there. */
export type SetPlaces = Readonly<Record<string, string>>;

/** A run as it is reported, or remembered. */
interface EndedRun extends Pick<PastRun, "script" | "outcome" | "endedAt"> {
  readonly selection?: readonly string[] | undefined;
  readonly parts: readonly Pick<PastRun["parts"][number], "kind" | "name" | "outcome">[];
}

/** The first local destination. */
export const localPlace = "copy destination";

export function placeName({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind} ${name}`;
}

/**
 * The places after a run. A store that was unreachable makes the run partial, yet the set is whole and in every other place. What
 * waited and is uploaded later is the newest whole set as well: a store that is complete waits for nothing.
 */
export function updatePlaces(known: SetPlaces, report: EndedRun): SetPlaces {
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

/** End of the last complete run of all sources; `known` where this run is none. */
export function updateLastComplete(
  known: string | undefined,
  { outcome, selection, endedAt }: EndedRun,
): string | undefined {
  return outcome === "complete" && selection === undefined ? endedAt : known;
}

/** Both as the history has them, where what was written down of them cannot be understood. */
export function recallSets(runs: readonly EndedRun[]): {
  readonly lastCompleteAt: string | undefined;
  readonly places: SetPlaces;
} {
  return {
    lastCompleteAt: runs.reduce<string | undefined>(updateLastComplete, undefined),
    places: runs.reduce<SetPlaces>(updatePlaces, {}),
  };
}
