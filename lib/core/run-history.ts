/** What is remembered of a run when it is over: one line of JSON, so that a line cut off by a power failure costs itself alone. */
import { z } from "zod";
import type { Report } from "#lib/core/report.ts";

const schemaVersion = 1;
const messageLength = 500;

const partSchema = z.looseObject({
  kind: z.string(),
  name: z.string(),
  outcome: z.string(),
  /** Of parts that are not complete. */
  message: z.string().optional(),
  isDoubtful: z.boolean().optional(),
  bytesIn: z.number().optional(),
  bytesOut: z.number().optional(),
  windowSeconds: z.number().optional(),
  certificateUntil: z.iso.datetime().optional(),
});

const pastRunSchema = z.looseObject({
  schema: z.literal(schemaVersion),
  runId: z.string(),
  script: z.string(),
  outcome: z.string(),
  /** It did not end by itself: it was killed, or the machine went down. */
  hasDied: z.boolean().optional(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  durationSeconds: z.number(),
  headline: z.string(),
  selection: z.array(z.string()).optional(),
  parts: z.array(partSchema),
});

export type PastRun = z.infer<typeof pastRunSchema>;

export interface History {
  /** Oldest first. */
  readonly runs: readonly PastRun[];
  /** Lines that cannot be understood: cut off, or of a newer version. */
  readonly unreadableCount: number;
}

export function pastRunOf(report: Report, hasDied: boolean): PastRun {
  const { runId, script, outcome, startedAt, endedAt, durationSeconds, headline, selection } = report;
  return {
    schema: schemaVersion,
    runId,
    script,
    outcome,
    ...(hasDied ? { hasDied } : {}),
    startedAt,
    endedAt,
    durationSeconds,
    headline: headline.slice(0, messageLength),
    ...(selection === undefined ? {} : { selection: [...selection] }),
    parts: report.parts.map(({ kind, name, outcome: end, message, ...figures }) => ({
      kind,
      name,
      outcome: end,
      ...(end === "complete" ? {} : { message: message.slice(0, messageLength) }),
      isDoubtful: figures.isDoubtful,
      bytesIn: figures.bytesIn,
      bytesOut: figures.bytesOut,
      windowSeconds: figures.windowSeconds,
      certificateUntil: figures.certificateUntil,
    })),
  };
}

/** The runs in a history's text, or in the end of one. */
export function parseHistory(text: string): History {
  const runs: PastRun[] = [];
  let unreadableCount = 0;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const run = parseLine(line);
    if (run === undefined) unreadableCount += 1;
    else runs.push(run);
  }
  return { runs, unreadableCount };
}

function parseLine(line: string): PastRun | undefined {
  try {
    return pastRunSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** Runs that found the lock held count as often for so long. */
export const busyWindowMs = 48 * 3_600_000;

const backupScripts = ["backup-run", "manual-backup"];

/** Whether a run was to back up the whole job. */
export function isWholeBackup({
  script,
  selection,
}: {
  readonly script: string;
  readonly selection?: readonly string[] | undefined;
}): boolean {
  return backupScripts.includes(script) && selection === undefined;
}
