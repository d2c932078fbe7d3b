/** What one health check remembers for the next: what was wrong, whom it told when, how full disks were. */
import { z } from "zod";

const knownProblem = z.object({
  severity: z.enum(["warning", "critical", "unknown"]),
  since: z.iso.datetime(),
  /** How often it has come back soon after it was gone. */
  returns: z.number().optional(),
  /** Since when it is not there, of one that comes and goes: nobody has been told that it is gone. */
  absentSince: z.iso.datetime().optional(),
});

const goneProblem = z.object({ at: z.iso.datetime(), returns: z.number() });

const memorySchema = z.looseObject({
  schema: z.literal(1),
  /** By name of the finding. */
  problems: z.record(z.string(), knownProblem).default({}),
  /** Problems that were gone a short while ago, by name of the finding. */
  recent: z.record(z.string(), goneProblem).optional(),
  /** When somebody was last told of problems that are still there. */
  toldAt: z.iso.datetime().optional(),
  /** Free bytes of each destination, oldest first. */
  space: z.record(z.string(), z.array(z.object({ at: z.iso.datetime(), freeBytes: z.number() }))).default({}),
});

export type HealthMemory = z.infer<typeof memorySchema>;
export type KnownProblem = z.infer<typeof knownProblem>;
export type GoneProblem = z.infer<typeof goneProblem>;
export type SpaceSample = HealthMemory["space"][string][number];

export const emptyMemory: HealthMemory = { schema: 1, problems: {}, space: {} };

/** Undefined for a text that is damaged, or of a newer version. */
export function parseMemory(text: string): HealthMemory | undefined {
  try {
    return memorySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
