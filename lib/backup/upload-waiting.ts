/** What waits for a store goes there, oldest first. A set that cannot be put holds up no other while the store answers. */
import type { OpenStore, StoreContext } from "#lib/backup/send-to-stores.ts";
import type { Told } from "#lib/backup/serve-store.ts";
import { countNoun } from "#lib/core/count-noun.ts";
import { describeError, isForeseen, OpsError } from "#lib/core/ops-error.ts";
import { formatLayout } from "#lib/core/set-layout.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import { createTierReader, planTier } from "#lib/core/tier-plan.ts";
import { type LocalSet, readLocalSet } from "#lib/stores/local-set.ts";
import { putSet } from "#lib/stores/put-set.ts";
import type { RemoteLimits } from "#lib/stores/remote.ts";
import type { StoredSet } from "#lib/stores/set-listing.ts";
import { dequeue, type WaitingSet } from "#lib/stores/upload-queue.ts";

const problemsShown = 3;

export interface UploadRequest {
  readonly waiting: readonly WaitingSet[];
  /** What the store has before. */
  readonly stored: readonly StoredSet[];
  readonly limits: RemoteLimits;
  readonly told: Pick<Told, "problems" | "arrived">;
}

export interface Uploaded {
  readonly count: number;
  readonly bytes: number;
  readonly left: readonly WaitingSet[];
}

/** Throws what the store said when it does not answer any more. */
export async function uploadWaiting(
  context: StoreContext,
  store: OpenStore,
  { waiting, stored: before, limits, told }: UploadRequest,
): Promise<Uploaded> {
  const { target, remote } = store;
  const stored = [...before];
  const left: WaitingSet[] = [];
  let [count, bytes] = [0, 0];
  for (const one of waiting) {
    limits.signal.throwIfAborted();
    // It had arrived, but the answer had not; its tier may be another one by now, so its path would not tell.
    if (stored.some(({ manifest }) => manifest.runId === one.runId)) {
      told.arrived.push(one.runId);
      await dequeue(one);
      continue;
    }
    try {
      const set = await readLocalSet(one.path, context.settings.FS_TIMEOUT);
      // Another set may have taken the place of one that was moved away.
      if (set?.manifest.runId !== one.runId) {
        told.problems.push(
          `Store "${target.name}" never got the set of ${one.startedAt}: ${one.path} is gone`,
        );
        await dequeue(one);
        continue;
      }
      const path = await put(context, store, set, stored, limits);
      context.log.info("set.uploaded", `Uploaded ${set.path} to ${remote.description}: ${path}`);
      stored.push({ path, manifest: set.manifest });
      told.arrived.push(one.runId);
      count += 1;
      bytes += set.manifest.components.reduce((sum, component) => sum + component.bytesOut, 0);
    } catch (error) {
      limits.signal.throwIfAborted();
      if (!isForeseen(error) || !(await isAnswering(store, limits))) throw error;
      left.push(one);
      const problem = describeLeft(store, one, error);
      context.log.error("set.waits", problem);
      if (left.length <= problemsShown) told.problems.push(problem);
      continue;
    }
    await dequeue(one);
  }
  const unnamed = left.length - problemsShown;
  if (unnamed > 0)
    told.problems.push(
      `${countNoun(unnamed, "more set waits", "more sets wait")} for store "${target.name}"; the log names them`,
    );
  return { count, bytes, left };
}

function put(
  context: StoreContext,
  { target, remote }: OpenStore,
  set: LocalSet,
  stored: readonly StoredSet[],
  limits: RemoteLimits,
): Promise<string> {
  const transfer = {
    signal: limits.signal,
    stallMs: target.stallMs,
    bytesPerSecond: target.bytesPerSecond,
    onBytes: () => undefined,
  };
  return putSet(remote, { set, relativePath: placeOf(context, target, set, stored), limits, transfer });
}

/** What it answers is not of interest: the error that raised the question is. */
function isAnswering({ remote }: OpenStore, limits: RemoteLimits): Promise<boolean> {
  return remote.check(limits).then(
    () => true,
    () => false,
  );
}

function describeLeft({ target, remote }: OpenStore, { startedAt }: WaitingSet, error: unknown): string {
  const hint = error instanceof OpsError && error.hint !== undefined ? `. ${error.hint}` : "";
  const name = `Store "${target.name}" (${remote.description})`;
  return `${name} does not have the set of ${startedAt}, which waits on: ${describeError(error)}${hint}`;
}

function placeOf(
  { host, settings, deps }: StoreContext,
  target: StoreTarget,
  { manifest }: LocalSet,
  stored: readonly StoredSet[],
): string {
  const timeZone = settings.TIME_ZONE;
  const facts = { host: host.name, job: settings.JOB, at: new Date(manifest.startedAt), timeZone };
  const readTier = createTierReader(target.layout, target, facts);
  const tiered = stored.flatMap((set) => {
    const tier = readTier(set.path);
    const at = new Date(set.manifest.startedAt);
    // What a wrong clock has dated in the future would be the tier's set of every day until then.
    return tier === undefined || at > deps.clock.now() ? [] : [{ tier, at }];
  });
  return formatLayout(target.layout, { ...facts, tier: planTier(facts.at, { ...target, timeZone }, tiered) });
}
