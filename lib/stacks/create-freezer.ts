/** A freezer after a plan: each root by the first of its strategies that works, at last by staying stopped. */
import {
  type FreezePlan,
  type FreezeStrategy,
  freezeStrategies,
  type PlannedRoot,
  type RootFacts,
} from "#lib/core/freeze.ts";
import { amountOf } from "#lib/core/freeze-cost.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { FreezeAccess, Freezer, Frozen, FrozenRoot } from "#lib/stacks/freezer.ts";
import type { Holder } from "#lib/stacks/holder.ts";
import { createPresyncHolder } from "#lib/stacks/presync-holder.ts";
import { createReflinkHolder } from "#lib/stacks/reflink-holder.ts";
import { runCommand } from "#lib/stacks/run-command.ts";
import { createSnapshotHolder } from "#lib/stacks/snapshot-holder.ts";

/** Roots that are held together, and how; without a holder they are archived where they lie. */
interface Step {
  readonly roots: readonly PlannedRoot[];
  readonly strategy: FreezeStrategy;
  readonly holder: Holder | undefined;
}

export function createFreezer(plan: FreezePlan, access: FreezeAccess): Freezer {
  const made: Holder[] = [];
  const notes: string[] = [];
  let steps: readonly Step[] = plan.roots.map((root) => ({
    roots: [root],
    strategy: "none",
    holder: undefined,
  }));
  let working: Promise<unknown> = Promise.resolve();

  const createStep = (roots: readonly PlannedRoot[], strategy: FreezeStrategy): Step => {
    const holder = createHolder(
      roots.map(({ facts }) => facts),
      strategy,
      made.length,
      access,
    );
    if (holder !== undefined) made.push(holder);
    return { roots, strategy, holder };
  };

  /** Ready to freeze these roots, by the first strategy that can. */
  const prepareStep = async (roots: readonly PlannedRoot[], rank: number): Promise<readonly Step[]> => {
    const step = createStep(roots, roots[0]?.strategies[rank] ?? "none");
    try {
      await step.holder?.prepare();
      return [step];
    } catch (error) {
      giveUp(step, error);
      // What cannot be removed now is tried again by release.
      await step.holder?.release().catch(() => undefined);
      const others: Step[] = [];
      for (const root of roots) others.push(...(await prepareStep([root], rank + 1)));
      return others;
    }
  };

  /** Remember why it was not possible. */
  const giveUp = ({ strategy, roots }: Step, error: unknown): void => {
    access.signal.throwIfAborted();
    if (!(error instanceof OpsError)) throw error;
    const names = roots.map(({ facts }) => `"${facts.path}"`).join(", ");
    notes.push(`No ${strategy} of ${names}: ${describeError(error)}`);
  };

  const freezeStep = async (step: Step): Promise<Step & { readonly frozen: readonly FrozenRoot[] }> => {
    const originals = step.roots.map(({ facts }) => ({ original: facts.path, frozen: facts.path }));
    if (step.holder === undefined) return { ...step, frozen: originals };
    try {
      return { ...step, frozen: await step.holder.freeze() };
    } catch (error) {
      giveUp(step, error);
      return { ...step, strategy: "none", frozen: originals };
    }
  };

  const prepare = async (): Promise<void> => {
    const prepared: Step[] = [];
    for (const roots of groupRoots(plan.roots)) prepared.push(...(await prepareStep(roots, 0)));
    steps = prepared;
  };

  const freeze = async (): Promise<Frozen> => {
    const startedMs = access.clock.monotonicMs();
    const attempts = await Promise.allSettled(steps.map(freezeStep));
    const frozen = attempts.map((attempt) => {
      if (attempt.status === "rejected") throw attempt.reason;
      return attempt.value;
    });
    await requireData(
      frozen.flatMap((step) => (step.strategy === "none" ? step.frozen : [])),
      access,
    );
    const seconds = (access.clock.monotonicMs() - startedMs) / 1000;
    const used = new Set(frozen.map((step) => step.strategy));
    const strategy = freezeStrategies.findLast((one) => used.has(one)) ?? "none";
    const mustStayStopped = strategy === "none" && frozen.length > 0;
    return {
      roots: frozen.flatMap((step) => step.frozen),
      strategy,
      mustStayStopped,
      notes,
      measured: mustStayStopped ? undefined : { strategy, seconds, ...amountOf(plan) },
    };
  };

  return {
    prepare: () => {
      const preparing = prepare();
      working = preparing;
      return preparing;
    },
    freeze: () => {
      const freezing = freeze();
      working = freezing;
      return freezing;
    },
    release: async () => {
      await Promise.allSettled([working]);
      const ends = await Promise.allSettled(made.map((holder) => holder.release()));
      return ends.flatMap((end) => (end.status === "rejected" ? [describeError(end.reason)] : []));
    },
  };
}

/** What is archived where it lies must lie there: an archive without it would only hide that. */
async function requireData(roots: readonly FrozenRoot[], access: FreezeAccess): Promise<void> {
  if (roots.length === 0) return;
  const paths = roots.map(({ original }) => original);
  await runCommand(["stat", "--", ...paths], "find the data", access, access.timeoutMs);
}

/** One snapshot holds all roots of its source; every other root is held by itself. */
function groupRoots(roots: readonly PlannedRoot[]): readonly (readonly PlannedRoot[])[] {
  const groups = new Map<string, PlannedRoot[]>();
  for (const root of roots) {
    const { snapshotSource, path } = root.facts;
    const isSnapshot = root.strategies[0] === "snapshot" && snapshotSource !== undefined;
    const key = isSnapshot ? `snapshot ${snapshotSource.top}` : `root ${path}`;
    groups.set(key, [...(groups.get(key) ?? []), root]);
  }
  return [...groups.values()];
}

function createHolder(
  roots: readonly RootFacts[],
  strategy: FreezeStrategy,
  index: number,
  access: FreezeAccess,
): Holder | undefined {
  const [root] = roots;
  if (root === undefined || strategy === "none") return undefined;
  if (strategy === "reflink") return createReflinkHolder(root, index, access);
  if (strategy === "presync") return createPresyncHolder(root, index, access);
  if (root.snapshotSource === undefined) return undefined;
  return createSnapshotHolder(root.snapshotSource, roots, index, access);
}
