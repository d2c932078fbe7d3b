/** One store that answers: sweep it, upload what waits, oldest first, then let it be pruned. */
import { askCertificate } from "#lib/backup/ask-certificate.ts";
import { pruneStore } from "#lib/backup/prune-store.ts";
import type { FinishedSet, OpenStore, StoreContext, StoreEnd } from "#lib/backup/send-to-stores.ts";
import { uploadWaiting } from "#lib/backup/upload-waiting.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { PartReport } from "#lib/core/report.ts";
import { formatBytes } from "#lib/core/size.ts";
import type { RemoteLimits } from "#lib/stores/remote.ts";
import { listRemoteSets, sweepRemote } from "#lib/stores/remote-sets.ts";
import type { StoredSet } from "#lib/stores/set-listing.ts";
import { readQueue } from "#lib/stores/upload-queue.ts";

export interface Service {
  /** Undefined: only what waits is uploaded. */
  readonly made: FinishedSet | undefined;
  /** Directory of the queue. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly told: Told;
}

/** What was found and done so far: it outlives the service when that is cut off. */
export interface Told {
  readonly problems: string[];
  readonly notes: string[];
  /** Run ids of the sets that waited and are in the store now. */
  readonly arrived: string[];
}

export async function serveStore(
  context: StoreContext,
  store: OpenStore,
  { made, directory, signal, told }: Service,
): Promise<StoreEnd> {
  const { target, remote } = store;
  const { settings, host, deps } = context;
  const limits: RemoteLimits = { signal, timeoutMs: settings.FS_TIMEOUT };
  const own = {
    host: { ...host, formerIds: settings.HOST_FORMER_IDS },
    job: settings.JOB,
    layout: target.layout,
  };
  await remote.check(limits);
  const { waiting, notes } = await readQueue(directory);
  told.notes.push(...notes);
  const runs = waiting.map(({ runId }) => runId);
  const swept = await sweepRemote(remote, { ...own, waiting: runs }, limits);
  told.notes.push(...swept.map((name) => `Removed from ${target.name} what a dead upload left: ${name}`));
  const listing = await listRemoteSets(remote, own, limits);
  if (made !== undefined) refuseOwnDestination(made, listing.own, target.name);
  const startedMs = deps.clock.monotonicMs();
  const uploaded = await uploadWaiting(context, store, {
    waiting,
    stored: listing.own,
    limits,
    told,
  });
  const seconds = (deps.clock.monotonicMs() - startedMs) / 1000;
  const sets = uploaded.count === 1 ? "1 set" : `${uploaded.count} sets`;
  const hasArrived =
    made === undefined ? uploaded.left.length === 0 : told.arrived.includes(made.manifest.runId);
  const isDone = hasArrived && told.problems.length === 0;
  const part: PartReport = {
    kind: "store",
    name: target.name,
    outcome: isDone ? "complete" : hasArrived ? "partial" : "failed",
    message: `${remote.description}: ${sets}, ${formatBytes(uploaded.bytes)} in ${seconds.toFixed(1)} s, SHA-256 compared`,
    certificateUntil: await askCertificate(context, remote, limits),
  };
  const pruned =
    made?.mayPrune === true && isDone
      ? await pruneStore(context, store, own, made.manifest.runId, limits)
      : { parts: [], problems: [], notes: [] };
  return {
    parts: [part, ...pruned.parts],
    problems: [...told.problems, ...pruned.problems],
    notes: [...told.notes, ...pruned.notes],
    hasRequiredFailed: target.isRequired && !hasArrived,
    waiting: uploaded.left,
  };
}

/**
 * What this run has made and not yet sent can only be in a store that is the local destination by another path: no second copy, and
 * the store's rules would prune the local sets.
 */
function refuseOwnDestination({ manifest }: FinishedSet, stored: readonly StoredSet[], name: string): void {
  const found = stored.find((set) => set.manifest.runId === manifest.runId);
  if (found === undefined) return;
  throw new OpsError(
    `it is a local destination by another path, "${found.path}" was there before it was sent`,
    {
      outcome: "failed",
      hint: `Correct STORE_${name.toUpperCase()}_URL: a store must lie elsewhere than BACKUP_DIR and SECONDARY_DIR`,
    },
  );
}
