/** A store that is down for long gets the newest of what waits for it, not all: the rest is given up, by name. */
import type { OpenStore, StoreContext } from "#lib/backup/send-to-stores.ts";
import { countNoun } from "#lib/core/count-noun.ts";
import { planGivingUp } from "#lib/core/waiting-plan.ts";
import { dequeue, type WaitingSet } from "#lib/stores/upload-queue.ts";

const problemsShown = 3;

export interface GivenUp {
  /** What still waits. */
  readonly waiting: readonly WaitingSet[];
  readonly problems: readonly string[];
}

/** Take out of the queue what is more than the store's `maxWaiting`; local retention may remove it then. */
export async function giveUpWaiting(
  { log, deps }: StoreContext,
  { target }: OpenStore,
  waiting: readonly WaitingSet[],
): Promise<GivenUp> {
  const { name, maxWaiting, retention } = target;
  const given = planGivingUp(waiting, maxWaiting, retention, deps.clock.now());
  for (const one of given) await dequeue(one);
  const limit = `STORE_${name.toUpperCase()}_MAX_WAITING (${maxWaiting})`;
  const words = given.map(
    ({ startedAt, path }) =>
      `Store "${name}" will not get the set of ${startedAt}: more than ${limit} wait; ${path} goes when local retention says so`,
  );
  for (const problem of words) log.error("set.given-up", problem);
  const unnamed = words.length - problemsShown;
  return {
    waiting: waiting.filter((one) => !given.includes(one)),
    problems: [
      ...words.slice(0, problemsShown),
      ...(unnamed > 0
        ? [
            `${countNoun(unnamed, "more set was", "more sets were")} given up for store "${name}"; the log names them`,
          ]
        : []),
    ],
  };
}
