/** What of a job's runs is drawn: points in time, one line for each part. */
import { isWholeBackup, type PastRun } from "#lib/core/run-history.ts";
import { type Look, lookOf } from "#lib/report/words.ts";

export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: number;
  readonly look: Look;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** What is expected, not what was. */
  readonly isForecast?: boolean | undefined;
}

const runsDrawn = 90;
const seriesDrawn = 5;
const backupScripts = new Set(["backup-run", "manual-backup"]);

type PastPart = PastRun["parts"][number];

/** Backups, of a part of the job as well, and those that found it busy. */
export function pickBackups(runs: readonly PastRun[]): readonly PastRun[] {
  return runs.filter(({ script }) => backupScripts.has(script)).slice(-runsDrawn);
}

/** How long whole backups took. One that found the job busy took no time. */
export function pickDurations(runs: readonly PastRun[]): Series {
  const whole = pickBackups(runs).filter((run) => isWholeBackup(run) && run.outcome !== "busy");
  return { name: "backup", points: whole.map(durationPoint) };
}

/** How long drills took; of a drill nothing is selected but itself. */
export function pickDrills(runs: readonly PastRun[]): Series {
  const drills = runs.filter(({ script, selection }) => script === "restore" && selection?.[0] === "drill");
  return { name: "drill", points: drills.slice(-runsDrawn).map(durationPoint) };
}

function durationPoint({ endedAt, durationSeconds, outcome }: PastRun): Point {
  return { at: Date.parse(endedAt), value: durationSeconds, look: lookOf(outcome) };
}

/** What each source took up in its set. */
export function pickSizes(runs: readonly PastRun[]): readonly Series[] {
  return pickParts(runs, ({ bytesOut }) => bytesOut);
}

/** How long each stack was stopped. */
export function pickWindows(runs: readonly PastRun[]): readonly Series[] {
  return pickParts(runs, ({ windowSeconds }) => windowSeconds);
}

/** A line for each source that has such a figure; the highest where there are too many to tell them apart. */
function pickParts(
  runs: readonly PastRun[],
  figureOf: (part: PastPart) => number | undefined,
): readonly Series[] {
  const byName = new Map<string, Point[]>();
  for (const { endedAt, parts } of pickBackups(runs)) {
    for (const part of parts) {
      const value = part.kind === "source" ? figureOf(part) : undefined;
      if (value === undefined) continue;
      const points = byName.get(part.name) ?? [];
      const look = part.isDoubtful === true ? "warning" : lookOf(part.outcome);
      byName.set(part.name, [...points, { at: Date.parse(endedAt), value, look }]);
    }
  }
  return [...byName]
    .map(([name, points]) => ({ name, points }))
    .toSorted((a, b) => highest(b.points) - highest(a.points))
    .slice(0, seriesDrawn);
}

function highest(points: readonly Point[]): number {
  return Math.max(...points.map(({ value }) => value));
}
