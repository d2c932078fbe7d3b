/** `status.json`: how the last run ended, and when the last one was complete. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Settings } from "#lib/config/schema.ts";
import type { Report } from "#lib/core/report.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

const statusSchema = z.looseObject({
  schema: z.literal(1),
  lastRun: z.looseObject({
    runId: z.string(),
    outcome: z.string(),
    exitCode: z.number(),
    endedAt: z.string(),
  }),
  /** End of the last complete run of all sources: no other ending moves it. */
  lastCompleteAt: z.string().optional(),
});

/** Record an ending; a busy lock is the other run's business and leaves its status alone. */
export async function recordStatus(
  settings: Pick<Settings, "STATE_DIR" | "JOB">,
  report: Report,
): Promise<void> {
  if (report.outcome === "busy") return;
  const path = join(settings.STATE_DIR, settings.JOB, "status.json");
  const lastCompleteAt =
    report.outcome === "complete" && report.selection === undefined
      ? report.endedAt
      : (await readStatus(path))?.lastCompleteAt;
  const { runId, script, outcome, exitCode, startedAt, endedAt, durationSeconds, headline, set } = report;
  const lastRun = { runId, script, outcome, exitCode, startedAt, endedAt, durationSeconds, headline, set };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileDurably(path, `${JSON.stringify({ schema: 1, lastRun, lastCompleteAt }, null, 2)}\n`, {
    mode: 0o644,
  });
}

/** End of the last complete run of the job; undefined when there was none. */
export async function readLastCompleteAt(
  settings: Pick<Settings, "STATE_DIR" | "JOB">,
): Promise<string | undefined> {
  return (await readStatus(join(settings.STATE_DIR, settings.JOB, "status.json")))?.lastCompleteAt;
}

/** The recorded status; a file that is missing or damaged counts as none. */
async function readStatus(path: string): Promise<z.infer<typeof statusSchema> | undefined> {
  try {
    return statusSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}
