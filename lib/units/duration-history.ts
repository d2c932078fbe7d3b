/** How long each step took when it last succeeded: only an order depends on it, so that nothing is lost with it. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

const historySchema = z.record(z.string(), z.number().nonnegative());

/** Milliseconds by name; empty when there is no history, or none that can be read. */
export async function readDurations(path: string): Promise<Map<string, number>> {
  try {
    return new Map(Object.entries(historySchema.parse(JSON.parse(await readFile(path, "utf8")))));
  } catch {
    return new Map();
  }
}

export async function writeDurations(path: string, durationsMs: ReadonlyMap<string, number>): Promise<void> {
  const rounded = [...durationsMs].map(([name, ms]) => [name, Math.round(ms)]);
  await writeFileDurably(path, `${JSON.stringify(Object.fromEntries(rounded), null, 2)}\n`, { mode: 0o600 });
}
