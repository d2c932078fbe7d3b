/**
 * Which set a drill takes when nobody names one. Pure.
 *
 * The newest is the one that a restore would take. Yet sets lie for months, on disks that age: every fourth drill takes an
 * older one. It goes by what is recorded of earlier drills, not by chance: what comes next can be said.
 */
import type { Manifest } from "#lib/core/manifest.ts";
import { isGood } from "#lib/core/set-choice.ts";

export interface PastDrill {
  /** Of the set. */
  readonly runId: string;
  readonly at: string;
  readonly choice?: "newest" | "older" | "named" | undefined;
}

export interface DrillChoice {
  readonly choice: "newest" | "older";
  /** Of the set; undefined: of the newest good one. */
  readonly runId: string | undefined;
  /** In words. */
  readonly why: string;
}

const newestInTurn = 3;

/** `drills` oldest first, `manifests` those of the job's sets. */
export function chooseForDrill(manifests: readonly Manifest[], drills: readonly PastDrill[]): DrillChoice {
  const good = new Map(manifests.filter(isGood).map((manifest) => [manifest.runId, manifest.startedAt]));
  // By the time in them, since each store may write it in its own way.
  const byAge = [...good].toSorted(([, a], [, b]) => Date.parse(a) - Date.parse(b)).map(([runId]) => runId);
  const older = byAge.slice(0, -1);
  const takeNewest = (why: string): DrillChoice => ({
    choice: "newest",
    runId: undefined,
    why: `the latest good one, ${why}`,
  });
  if (older.length === 0) return takeNewest("there is no other");
  const automatic = drills.filter(({ choice }) => choice !== "named");
  const since = automatic.length - 1 - automatic.findLastIndex(({ choice }) => choice === "older");
  const left = newestInTurn - since;
  if (left > 0)
    return takeNewest(
      left === 1 ? "the next drill takes an older one" : `an older one comes after ${left - 1} more`,
    );
  const lastTried = new Map(drills.map(({ runId, at }) => [runId, Date.parse(at)]));
  const never = older.find((runId) => !lastTried.has(runId));
  const isOlder = `an older one, as every ${newestInTurn + 1}th time`;
  if (never !== undefined)
    return { choice: "older", runId: never, why: `${isOlder}: the oldest that no drill has tried` };
  const [longest] = older.toSorted((a, b) => (lastTried.get(a) ?? 0) - (lastTried.get(b) ?? 0));
  return { choice: "older", runId: longest, why: `${isOlder}: the one whose last drill is longest ago` };
}
