/** What the drills of a job found, for whoever asks when a restore was last tried. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { errorCode } from "#lib/core/ops-error.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

const drillSchema = z.looseObject({
  at: z.iso.datetime(),
  set: z.string(),
  runId: z.string(),
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

/** Add a drill as the last one. A record that cannot be understood is begun anew. */
export async function recordDrill(path: string, drill: DrillRecord): Promise<void> {
  const drills = [...(await readDrills(path)), drill].slice(-kept);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileDurably(path, `${JSON.stringify({ schema: 1, drills }, null, 2)}\n`, { mode: 0o644 });
}

/** Oldest first; none when there is no record, or one that cannot be understood. */
export async function readDrills(path: string): Promise<readonly DrillRecord[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  try {
    return recordSchema.parse(JSON.parse(text)).drills;
  } catch {
    return [];
  }
}
