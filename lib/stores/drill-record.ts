/** What the drills of a job found, for whoever asks when a restore was last tried. */
import { z } from "zod";
import { readRecord, writeRecord } from "#lib/stores/record-file.ts";

const drillSchema = z.looseObject({
  at: z.iso.datetime(),
  set: z.string(),
  runId: z.string(),
  /** Why this set; missing in records of before there was a choice, when it was the newest or a named one. */
  choice: z.enum(["newest", "older", "named"]).optional(),
  outcome: z.enum(["complete", "partial", "failed"]),
  seconds: z.number(),
  components: z.array(
    z.object({
      name: z.string(),
      outcome: z.enum(["complete", "partial", "failed"]),
      message: z.string(),
      problems: z.array(z.string()),
    }),
  ),
});

const recordSchema = z.object({ schema: z.literal(1), drills: z.array(drillSchema) });

export type DrillRecord = z.infer<typeof drillSchema>;

const kept = 100;

/** Add a drill as the last one. */
export async function recordDrill(path: string, drill: DrillRecord): Promise<void> {
  const drills = [...(await readDrills(path)).drills, drill].slice(-kept);
  await writeRecord(path, { schema: 1, drills });
}

interface Drills {
  /** Oldest first. */
  readonly drills: readonly DrillRecord[];
  /** Why earlier ones are not known. */
  readonly problem?: string | undefined;
}

export async function readDrills(path: string): Promise<Drills> {
  const { record, problem } = await readRecord(path, recordSchema);
  return { drills: record?.drills ?? [], problem };
}
