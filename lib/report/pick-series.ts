/** What of a job's runs is drawn: points in time, one line for each part. */
import { isWholeBackup, type PastRun } from "#lib/core/run-history.ts";
import { type Look, lookOf } from "#lib/report/words.ts";

export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Undefined where there should be one: the run left none. */
  readonly value: number | undefined;
  readonly look: Look;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** What is expected, not what was. */
  readonly isForecast?: boolean | undefined;
}

const runsShown = 90;
const seriesDrawn = 5;
const backupScripts = new Set(["backup-run", "manual-backup"]);

type PastPart = PastRun["parts"][number];

/** The last backups, of a part of the job as well, and those that found it busy. */
export function pickBackups(runs: readonly PastRun[]): readonly PastRun[] {
  return runs.filter(({ script }) => backupScripts.has(script)).slice(-runsShown);
}

/** Those that were to make something. One that found the job busy left that to the other. */
function pickOwnBackups(runs: readonly PastRun[]): readonly PastRun[] {
  return runs.filter(({ script, outcome }) => backupScripts.has(script) && outcome !== "busy");
}

/** How long whole backups took. */
export function pickDurations(runs: readonly PastRun[]): Series {
  return { name: "backup", points: pickOwnBackups(runs).filter(isWholeBackup).map(durationPoint) };
}

/** How long drills took; of a drill nothing is selected but itself. */
export function pickDrills(runs: readonly PastRun[]): Series {
  const drills = runs.filter(({ script, selection }) => script === "restore" && selection?.[0] === "drill");
  return { name: "drill", points: drills.map(durationPoint) };
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
  const backups = pickOwnBackups(runs);
  const figures = backups.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.kind === "source" && figureOf(part) !== undefined ? [part.name] : [])),
  );
  return [...new Set(figures)]
    .map((name) => ({ name, points: backups.flatMap((run) => partPoint(run, name, figureOf)) }))
    .map(({ name, points }) => ({ name, points: points.slice(points.findIndex(hasValue)) }))
    .toSorted((a, b) => highest(b.points) - highest(a.points))
    .slice(0, seriesDrawn);
}

/** None where the run was not to back that source up. */
function partPoint(
  run: PastRun,
  name: string,
  figureOf: (part: PastPart) => number | undefined,
): readonly Point[] {
  const part = run.parts.find((one) => one.kind === "source" && one.name === name);
  if (part === undefined && !isWholeBackup(run)) return [];
  const look = part?.isDoubtful === true ? "warning" : lookOf(part?.outcome ?? run.outcome);
  return [{ at: Date.parse(run.endedAt), value: part && figureOf(part), look }];
}

/** The values that are known. */
export function valuesOf(points: readonly Point[]): readonly number[] {
  return points.flatMap(({ value }) => value ?? []);
}

function hasValue({ value }: Point): boolean {
  return value !== undefined;
}

function highest(points: readonly Point[]): number {
  return valuesOf(points).reduce((most, value) => Math.max(most, value), 0);
}
