/** One store that answers: sweep it, upload what waits, oldest first, then let it be pruned. */
import { pruneStore } from "#lib/backup/prune-store.ts";
import type { FinishedSet, OpenStore, SentToStores } from "#lib/backup/send-to-stores.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { Manifest } from "#lib/core/manifest.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { PartReport } from "#lib/core/report.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { formatLayout } from "#lib/core/set-layout.ts";
import { formatBytes } from "#lib/core/size.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import { planTier, tierOfPath } from "#lib/core/tier-plan.ts";
import { type LocalSet, readLocalSet } from "#lib/stores/local-set.ts";
import { putSet } from "#lib/stores/put-set.ts";
import type { RemoteLimits } from "#lib/stores/remote.ts";
import { listRemoteSets, sweepRemote } from "#lib/stores/remote-sets.ts";
import type { StoredSet } from "#lib/stores/set-listing.ts";
import { dequeue, readQueue, type WaitingSet } from "#lib/stores/upload-queue.ts";

type Context = RunContext<Settings>;

export interface Service {
  readonly made: FinishedSet;
  readonly directory: string;
  readonly signal: AbortSignal;
}

export async function serveStore(
  context: Context,
  store: OpenStore,
  service: Service,
): Promise<SentToStores> {
  const { target, remote } = store;
  const { settings, host, log, deps } = context;
  const limits: RemoteLimits = { signal: service.signal, timeoutMs: settings.FS_TIMEOUT };
  await remote.check(limits);
  const queue = await readQueue(service.directory);
  const waitingRuns = queue.waiting.map(({ runId }) => runId);
  const swept = await sweepRemote(
    remote,
    { host: host.name, job: settings.JOB, waiting: waitingRuns },
    limits,
  );
  const own = {
    host: { ...host, formerIds: settings.HOST_FORMER_IDS },
    job: settings.JOB,
    layout: target.layout,
  };
  const listing = await listRemoteSets(remote, own, limits);
  const startedMs = deps.clock.monotonicMs();
  const problems: string[] = [];
  let [uploaded, bytes] = [0, 0];
  const stored: StoredSet[] = [...listing.own];
  for (const waiting of queue.waiting) {
    const set = await readWaiting(context, store, waiting, problems);
    if (set === undefined) continue;
    const path = await putSet(remote, {
      set,
      relativePath: placeOf(context, target, set, stored),
      limits,
      transfer: {
        signal: service.signal,
        stallMs: target.stallMs,
        bytesPerSecond: target.bytesPerSecond,
        onBytes: () => undefined,
      },
    });
    await dequeue(waiting);
    log.info("set.uploaded", `Uploaded ${set.path} to ${remote.description}: ${path}`);
    stored.push({ path, manifest: set.manifest });
    uploaded += 1;
    bytes += set.manifest.components.reduce((sum, component) => sum + component.bytesOut, 0);
  }
  const seconds = (deps.clock.monotonicMs() - startedMs) / 1000;
  const sets = uploaded === 1 ? "1 set" : `${uploaded} sets`;
  const part: PartReport = {
    kind: "store",
    name: target.name,
    outcome: problems.length === 0 ? "complete" : "partial",
    message: `${remote.description}: ${sets}, ${formatBytes(bytes)} in ${seconds.toFixed(1)} s, SHA-256 compared`,
  };
  const mayPrune = service.made.mayPrune && problems.length === 0;
  const pruned = mayPrune
    ? await pruneStore(context, store, own, service.made.manifest.runId, limits)
    : { parts: [], problems: [], notes: [] };
  return {
    parts: [part, ...pruned.parts],
    problems: [...problems, ...pruned.problems],
    notes: [
      ...queue.notes,
      ...swept.map((name) => `Removed from ${target.name} what a dead upload left: ${name}`),
      ...pruned.notes,
    ],
    hasRequiredFailed: false,
    waitingPaths: [],
  };
}

/** A set that is gone will never be uploaded; one that cannot be read waits on, and holds up no other. */
async function readWaiting(
  { settings }: Context,
  { target }: OpenStore,
  waiting: WaitingSet,
  problems: string[],
): Promise<LocalSet | undefined> {
  try {
    const set = await readLocalSet(waiting.path, settings.FS_TIMEOUT);
    // Another set may have taken the place of one that was moved away.
    if (set?.manifest.runId === waiting.runId) return set;
    await dequeue(waiting);
    problems.push(
      `Store "${target.name}" never got the set of ${waiting.startedAt}: ${waiting.path} is gone`,
    );
  } catch (error) {
    problems.push(`Store "${target.name}": ${describeError(error)}`);
  }
  return undefined;
}

function placeOf(
  { host, settings }: Context,
  target: StoreTarget,
  set: LocalSet,
  stored: readonly StoredSet[],
): string {
  const timeZone = settings.TIME_ZONE;
  const factsOf = ({ startedAt }: Manifest) => ({
    host: host.name,
    job: settings.JOB,
    at: new Date(startedAt),
    timeZone,
  });
  const facts = factsOf(set.manifest);
  const tiered = stored.flatMap(({ path, manifest }) => {
    const tier = tierOfPath(path, target.layout, target, factsOf(manifest));
    return tier === undefined ? [] : [{ tier, at: new Date(manifest.startedAt) }];
  });
  return formatLayout(target.layout, { ...facts, tier: planTier(facts.at, { ...target, timeZone }, tiered) });
}
