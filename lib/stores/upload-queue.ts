/**
 * Sets that a store does not have yet: one file for each, on disk before the set has its name and gone when it is in the store.
 * So a run that dies in between leaves either an entry for a set, or one for nothing, which the next run takes out
 * (`settle-queue.ts`), but no set that nobody knows of.
 *
 * Names begin with the time of the set, so they sort by age. Only the holder of the job's lock touches them.
 */
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorCode } from "#lib/core/ops-error.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

const waitingSchema = z.object({
  schema: z.literal(1),
  runId: z.string().min(1),
  /** ISO 8601. */
  startedAt: z.string(),
  /** The set in the local destination. */
  path: z.string(),
  outcome: z.enum(["complete", "partial"]).default("complete"),
  /** False while the set is about to get its name, which may become `path-2`. */
  isPublished: z.boolean().default(true),
});

export type QueuedSet = Omit<z.infer<typeof waitingSchema>, "schema">;

export interface WaitingSet extends QueuedSet {
  /** Its file in the queue. */
  readonly entry: string;
}

export interface UploadQueue {
  /** Oldest first; damaged entries are moved aside and named. */
  readonly waiting: readonly WaitingSet[];
  readonly notes: readonly string[];
}

export function queueDirectory(stateDir: string, job: string, store: string): string {
  return join(stateDir, job, "uploads", store);
}

/** Let a set wait for a store; the entry that it has already is replaced. */
export async function enqueue(directory: string, set: QueuedSet): Promise<void> {
  const { runId, startedAt, path, outcome, isPublished } = set;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const stamp = startedAt.replaceAll(/[^0-9]/g, "").slice(0, 17);
  const entry = { schema: 1, runId, startedAt, path, outcome, isPublished };
  const text = `${JSON.stringify(entry, null, 2)}\n`;
  await writeFileDurably(join(directory, `${stamp}-${runId}.json`), text, { mode: 0o600 });
}

export async function readQueue(directory: string): Promise<UploadQueue> {
  const waiting: WaitingSet[] = [];
  const notes: string[] = [];
  for (const name of await listNames(directory)) {
    const entry = join(directory, name);
    try {
      const { schema: _, ...set } = waitingSchema.parse(JSON.parse(await readFile(entry, "utf8")));
      waiting.push({ ...set, entry });
    } catch (error) {
      if (errorCode(error) !== undefined) throw error;
      await rename(entry, `${entry}.bad`);
      notes.push(`An entry of the upload queue was damaged and is kept as ${entry}.bad`);
    }
  }
  return { waiting, notes };
}

/** How many wait; without any effect, damaged entries included. */
export async function countWaiting(directory: string): Promise<number> {
  return (await listNames(directory)).length;
}

/** The set is in the store, or will never be. */
export async function dequeue({ entry }: WaitingSet): Promise<void> {
  await rm(entry, { force: true });
}

async function listNames(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names.filter((name) => name.endsWith(".json")).sort((a, b) => (a < b ? -1 : 1));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
