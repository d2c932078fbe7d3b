/** `status.json`: how the last run ended, when the last one was complete, and where the last whole set is. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Settings } from "#lib/config/schema.ts";
import { errorCode } from "#lib/core/ops-error.ts";
import type { Report } from "#lib/core/report.ts";
import { pastRunOf } from "#lib/core/run-history.ts";
import { recallSets, updateLastComplete, updatePlaces } from "#lib/core/set-places.ts";
import { appendHistory, historyPath, readHistory } from "#lib/run/history.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

const statusSchema = z.looseObject({
  schema: z.literal(1),
  lastRun: z.looseObject({
    runId: z.string(),
    outcome: z.string(),
    exitCode: z.number(),
    endedAt: z.string(),
    set: z.string().optional(),
  }),
  /** Path of the newest set: a run that made none, be it a failed one or a drill, leaves it where it was. */
  lastSet: z.string().optional(),
  /** End of the last complete run of all sources: no other ending moves it. */
  lastCompleteAt: z.string().optional(),
  /** Since when each place has its last whole set. */
  places: z.record(z.string(), z.string()).default({}),
});

export type Status = z.infer<typeof statusSchema>;

/**
 * Record an ending, in the history as well; a busy lock is the other run's business and leaves its status alone. `hasDied`: of
 * a run that could not say so itself.
 */
export async function recordStatus(
  settings: Pick<Settings, "STATE_DIR" | "JOB">,
  report: Report,
  hasDied = false,
): Promise<void> {
  const isBusy = report.outcome === "busy";
  await appendHistory(historyPath(settings), pastRunOf(report, hasDied), !isBusy);
  if (isBusy) return;
  const path = statusPath(settings);
  const known = await readSets(settings);
  const lastCompleteAt = updateLastComplete(known.lastCompleteAt, report);
  const places = updatePlaces(known.places ?? {}, report);
  const lastSet = report.set ?? known.lastSet;
  const { runId, script, outcome, exitCode, startedAt, endedAt, durationSeconds, headline, set } = report;
  const lastRun = { runId, script, outcome, exitCode, startedAt, endedAt, durationSeconds, headline, set };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileDurably(
    path,
    `${JSON.stringify({ schema: 1, lastRun, lastSet, lastCompleteAt, places }, null, 2)}\n`,
    {
      mode: 0o644,
    },
  );
}

/** End of the last complete run of the job; undefined when there was none. */
export async function readLastCompleteAt(
  settings: Pick<Settings, "STATE_DIR" | "JOB">,
): Promise<string | undefined> {
  return (await readSets(settings)).lastCompleteAt;
}

/** What no later run may forget: a status that was damaged would else make of every set one that never was. */
async function readSets(
  settings: Pick<Settings, "STATE_DIR" | "JOB">,
): Promise<Partial<Pick<Status, "lastSet" | "lastCompleteAt" | "places">>> {
  const { status, problem } = await readStatus(statusPath(settings));
  if (problem !== undefined) return recallSets((await readHistory(historyPath(settings))).runs);
  return { ...status, lastSet: lastSetOf(status) };
}

/** Older versions wrote it down with the run alone. */
export function lastSetOf(status: Status | undefined): string | undefined {
  return status?.lastSet ?? status?.lastRun.set;
}

export function statusPath({ STATE_DIR, JOB }: Pick<Settings, "STATE_DIR" | "JOB">): string {
  return join(STATE_DIR, JOB, "status.json");
}

/** The recorded status; none where it is missing, damaged or of a newer version, of which the last two are a problem. */
export async function readStatus(
  path: string,
): Promise<{ readonly status?: Status; readonly problem?: string }> {
  try {
    return { status: statusSchema.parse(JSON.parse(await readFile(path, "utf8"))) };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return {};
    return { problem: `Cannot understand "${path}": it is damaged, or of a newer version` };
  }
}
