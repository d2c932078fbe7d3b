/** Which strategy holds the data of a stack still: the one that is expected to keep it stopped for the shortest time. */
import {
  type FreezeMeasurement,
  type FreezePlan,
  type FreezeSetting,
  type FreezeStrategy,
  freezeStrategies,
  type PlannedRoot,
  type RootFacts,
} from "#lib/core/freeze.ts";
import { correctionOf, estimateSeconds } from "#lib/core/freeze-cost.ts";
import { formatBytes } from "#lib/core/size.ts";

/** As good as the best: no more than this share and this many seconds longer. Then the one that does least is taken. */
const tolerance = { share: 1.15, seconds: 0.1 };

/** By what they do besides, the least first: a copy before the stop is the most. */
const effort: readonly FreezeStrategy[] = ["none", "snapshot", "reflink", "presync"];

/** The earlier windows that count. */
const measurementsLookedAt = 7;

type Estimate = (strategy: FreezeStrategy, root: RootFacts) => number;

/** A root, and what can freeze it while the stack runs on, best first: nothing at all for some. */
interface RankedRoot {
  readonly facts: RootFacts;
  readonly strategies: readonly FreezeStrategy[];
}

/**
 * Plan the freezing of all roots of one stack; `history` is of this stack, newest first.
 *
 * Either every root is frozen, each in its own best way, or none is: a single root that is archived while the stack is stopped
 * keeps it stopped for all of them. What was asked for and cannot be had is replaced, with a note.
 */
export function planFreeze(
  roots: readonly RootFacts[],
  history: readonly FreezeMeasurement[],
  setting: FreezeSetting,
): FreezePlan {
  if (roots.length === 0) return { strategy: "none", why: "no data to freeze", notes: [], roots: [] };
  const estimate = createEstimate(roots, history.slice(0, measurementsLookedAt));
  const ranked = roots.map((facts) => ({ facts, strategies: rankStrategies(facts, setting, estimate) }));
  const planned = isNoneBest(ranked, setting, estimate)
    ? roots.map((facts): PlannedRoot => ({ facts, strategies: ["none"] }))
    : ranked.map(({ facts, strategies }): PlannedRoot => ({ facts, strategies: [...strategies, "none"] }));
  const strategy = slowest(planned);
  return {
    strategy,
    why: `${strategy} of ${describeAmount(roots)}: ${explain(planned, strategy, setting, estimate)}`,
    notes: roots.flatMap((root) => listRefusals(root, setting)),
    roots: planned,
  };
}

function createEstimate(roots: readonly RootFacts[], history: readonly FreezeMeasurement[]): Estimate {
  const sharesBlocks = roots.every((root) => root.sharesBlocks);
  const corrections = new Map(
    freezeStrategies.map((strategy) => [strategy, correctionOf(strategy, history, sharesBlocks)]),
  );
  return (strategy, root) => estimateSeconds(strategy, root) * (corrections.get(strategy) ?? 1);
}

function rankStrategies(
  root: RootFacts,
  setting: FreezeSetting,
  estimate: Estimate,
): readonly FreezeStrategy[] {
  const byTime = freezeStrategies
    .filter((one) => one !== "none" && root.obstacles[one] === undefined)
    .toSorted((a, b) => estimate(a, root) - estimate(b, root));
  const [best] = byTime;
  if (best === undefined) return [];
  const isGood = (one: FreezeStrategy) => isAsGood(estimate(one, root), estimate(best, root));
  const asked = byTime.find((one) => one === setting);
  const first = asked ?? effort.find((one) => byTime.includes(one) && isGood(one)) ?? best;
  return [first, ...byTime.filter((one) => one !== first)];
}

function isNoneBest(ranked: readonly RankedRoot[], setting: FreezeSetting, estimate: Estimate): boolean {
  if (setting === "none" || ranked.some(({ strategies }) => strategies.length === 0)) return true;
  if (ranked.some(({ strategies: [first] }) => first === setting)) return false;
  const stopped = total(ranked, (root) => estimate("none", root.facts));
  return isAsGood(
    stopped,
    total(ranked, ({ facts, strategies: [first = "none"] }) => estimate(first, facts)),
  );
}

function isAsGood(seconds: number, best: number): boolean {
  return seconds <= best * tolerance.share + tolerance.seconds;
}

function listRefusals({ path, obstacles }: RootFacts, setting: FreezeSetting): readonly string[] {
  if (setting === "auto" || obstacles[setting] === undefined) return [];
  return [`STACK_FREEZE is ${setting}, which is not possible for "${path}": ${obstacles[setting]}`];
}

/** The kind that the whole is called by. */
function slowest(planned: readonly PlannedRoot[]): FreezeStrategy {
  const used = new Set(planned.map(({ strategies }) => strategies[0]));
  return freezeStrategies.findLast((one) => used.has(one)) ?? "none";
}

function explain(
  planned: readonly PlannedRoot[],
  strategy: FreezeStrategy,
  setting: FreezeSetting,
  estimate: Estimate,
): string {
  const taken = total(planned, ({ facts, strategies: [first = "none"] }) => estimate(first, facts));
  if (strategy === setting) return `about ${formatSeconds(taken)}, as STACK_FREEZE says`;
  const others = freezeStrategies
    .filter((one) => one !== strategy)
    .map((one) => {
      const obstacle = planned.map(({ facts }) => facts.obstacles[one]).find((each) => each !== undefined);
      if (obstacle !== undefined) return `no ${one}, ${obstacle}`;
      return `${one} ${formatSeconds(total(planned, ({ facts }) => estimate(one, facts)))}`;
    });
  return `about ${formatSeconds(taken)} (${others.join("; ")})`;
}

function describeAmount(roots: readonly RootFacts[]): string {
  const files = total(roots, (root) => root.files);
  const count = `${files.toLocaleString("en-US")} ${files === 1 ? "file" : "files"}`;
  return `${count}, ${formatBytes(total(roots, (root) => root.bytes))}`;
}

function formatSeconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function total<Item>(items: readonly Item[], amountOf: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + amountOf(item), 0);
}
