/** `--deep`: the stores themselves are asked, instead of what runs wrote down of them. */
import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import type { CheckContext } from "#lib/core/health.ts";
import { describeError, isForeseen } from "#lib/core/ops-error.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import type { KnownJob } from "#lib/health/gather-facts.ts";

export interface StoreAnswer {
  readonly problem: string | undefined;
  readonly message: string;
  /** When the last whole set there was made. */
  readonly newestAt?: string | undefined;
}

export async function askStores(
  context: CheckContext<Settings>,
  jobs: readonly KnownJob[],
): Promise<ReadonlyMap<string, StoreAnswer>> {
  if (!context.isDeep) return new Map();
  const asked = jobs.flatMap((job) =>
    job.settings.STORES.map(async (target) => {
      return [`${job.config}\0${target.name}`, await askStore(context, job, target)] as const;
    }),
  );
  return new Map(await Promise.all(asked));
}

async function askStore(
  { deps, host, signal, childEnvironment }: CheckContext<Settings>,
  { settings }: KnownJob,
  target: StoreTarget,
): Promise<StoreAnswer> {
  // Without --deep none of it is loaded.
  const { createRemote } = await import("#lib/stores/registry.ts");
  const { listRemoteSets } = await import("#lib/stores/remote-sets.ts");
  const { newestFirst } = await import("#lib/stores/set-listing.ts");
  const remote = createRemote(target, {
    exec: deps.exec,
    clock: deps.clock,
    env: childEnvironment,
    cacheDirectory: join(settings.STATE_DIR, settings.JOB, "listings", target.name),
  });
  const limits = { signal, timeoutMs: settings.FS_TIMEOUT };
  const own = {
    host: { ...host, name: settings.HOST_NAME, formerIds: settings.HOST_FORMER_IDS },
    job: settings.JOB,
    layout: target.layout,
  };
  try {
    await remote.check(limits);
    const listing = await listRemoteSets(remote, own, limits);
    const newest = newestFirst(listing).find(({ manifest }) => manifest.outcome === "complete");
    const sets = listing.own.length === 1 ? "1 set" : `${listing.own.length} sets`;
    const message = `${remote.description} has ${sets}, the last whole one of ${newest?.manifest.startedAt}`;
    return newest === undefined
      ? { problem: `${remote.description} has no whole set of this job`, message }
      : { problem: undefined, message, newestAt: newest.manifest.endedAt };
  } catch (error) {
    if (!isForeseen(error)) throw error;
    return { problem: `Cannot use ${remote.description}: ${describeError(error)}`, message: "" };
  }
}
