/** What became of sets whose run died when they were about to get their names. */
import { withSuffix } from "#lib/core/set-layout.ts";
import { namesTried } from "#lib/stores/publish-set.ts";
import { readManifest } from "#lib/stores/set-listing.ts";
import { dequeue, enqueue, type QueuedSet, readQueue } from "#lib/stores/upload-queue.ts";

export interface SettledQueue {
  /** Sets that got no name: they wait no more. */
  readonly never: readonly QueuedSet[];
  readonly notes: readonly string[];
}

/** Let the sets that got a name wait under it, and the others no more. Only the holder of the job's lock may call it. */
export async function settleQueue(directory: string, deadlineMs: number): Promise<SettledQueue> {
  const never: QueuedSet[] = [];
  const { waiting, notes } = await readQueue(directory);
  for (const one of waiting.filter(({ isPublished }) => !isPublished)) {
    const path = await findPublished(one, deadlineMs);
    if (path !== undefined) {
      await enqueue(directory, { ...one, path, isPublished: true });
    } else {
      await dequeue(one);
      never.push(one);
    }
  }
  return { never, notes };
}

/** Under the first of the names that it may have got. */
async function findPublished({ path, runId }: QueuedSet, deadlineMs: number): Promise<string | undefined> {
  for (let attempt = 1; attempt <= namesTried; attempt += 1) {
    const read = await readManifest(withSuffix(path, attempt), deadlineMs);
    if (read.ok && read.manifest.runId === runId) return withSuffix(path, attempt);
  }
  return undefined;
}
