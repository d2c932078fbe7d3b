/** What a set says of the stacks in it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { freezeMeasurementSchema } from "#lib/core/freeze.ts";

const manifestSchema = z.object({
  components: z.array(
    z.object({
      durationSeconds: z.number(),
      facts: z.object({
        window: z.object({ seconds: z.number() }),
        freeze: freezeMeasurementSchema.pick({ strategy: true, seconds: true }),
      }),
    }),
  ),
});

export type StackComponent = z.infer<typeof manifestSchema>["components"][number];

export function readWindows(set: string): readonly StackComponent[] {
  return manifestSchema.parse(JSON.parse(readFileSync(join(set, "manifest.json"), "utf8"))).components;
}
