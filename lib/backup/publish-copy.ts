/** Manifest and check sums into a whole copy, and its final name. */
import { join } from "node:path";
import { type SetCopy, setPathOf } from "#lib/backup/destinations.ts";
import type { Settings } from "#lib/config/schema.ts";
import { formatCheckSums } from "#lib/core/check-sums.ts";
import { formatManifest, type Manifest } from "#lib/core/manifest.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { sha256OfText } from "#lib/core/text-hash.ts";
import { writePartialFile } from "#lib/stores/partial-set.ts";
import { publishSet } from "#lib/stores/publish-set.ts";
import { enqueue, queueDirectory } from "#lib/stores/upload-queue.ts";

export interface PublishResult {
  readonly path: string;
  readonly problem: string | undefined;
}

/** A further copy that cannot be published does not undo those that are. */
export async function tryPublish(
  context: RunContext<Settings>,
  copy: SetCopy,
  manifest: Manifest,
): Promise<PublishResult> {
  try {
    return { path: await publishCopy(context, copy, manifest), problem: undefined };
  } catch (error) {
    context.signal.throwIfAborted();
    return { path: "", problem: describeError(error) };
  }
}

/** Manifest and check sums go in last, the check sums with names relative to the set. */
async function publishCopy(
  context: RunContext<Settings>,
  copy: SetCopy,
  manifest: Manifest,
): Promise<string> {
  const { settings } = context;
  const manifestText = formatManifest(manifest);
  const sums = formatCheckSums(manifest, sha256OfText(manifestText));
  await writePartialFile(join(copy.directory, "manifest.json"), manifestText, settings.FS_TIMEOUT);
  await writePartialFile(join(copy.directory, "SHA256SUMS"), sums, settings.FS_TIMEOUT);
  const relativePath = setPathOf(context);
  // The stores are fed from the first destination.
  if (copy.destination.role === "destination")
    await announceSet(context, manifest, join(copy.destination.root, relativePath));
  return publishSet({
    exec: context.deps.exec,
    root: copy.destination.root,
    partialDir: copy.directory,
    files: [...manifest.components.map((component) => component.file), "manifest.json", "SHA256SUMS"],
    relativePath,
    deadlineMs: settings.FS_TIMEOUT,
  });
}

/** A set that dies with its run right after it got its name would never be uploaded: it waits before it has one. */
async function announceSet(
  { settings, log }: RunContext<Settings>,
  { runId, startedAt, outcome }: Manifest,
  path: string,
): Promise<void> {
  for (const { name } of settings.STORES) {
    const directory = queueDirectory(settings.STATE_DIR, settings.JOB, name);
    try {
      await enqueue(directory, { runId, startedAt, path, outcome, isPublished: false });
    } catch (error) {
      // The set comes first; if it still cannot be queued when it is to be uploaded, its store has failed.
      log.warning("set.unannounced", `Cannot queue the set for ${name}: ${describeError(error)}`);
    }
  }
}
