import { OpsError } from "#lib/core/ops-error.ts";
import { chooseSet, stampOf } from "#lib/core/set-choice.ts";
import { showName } from "#lib/core/tar-judge.ts";
import { type FoundLegacySet, type FoundSet, type FoundSets, findSets } from "#lib/restore/find-sets.ts";
import type { RestoreContext } from "#lib/restore/places.ts";

export type ChosenSet =
  | { readonly kind: "ours"; readonly copies: readonly [FoundSet, ...FoundSet[]] }
  | { readonly kind: "legacy"; readonly set: FoundLegacySet };

/** The set that a name means, in every place that has it. Throws OpsError "usage" or "failed". */
export async function chooseFound(context: RestoreContext, name: string): Promise<ChosenSet> {
  const found = await findSets(context);
  const chosen = chooseAmong(found, name);
  if (name.startsWith("latest")) {
    // What nobody can read may be newer than what is taken instead.
    warnOfUnusable(context, found);
    warnOfFuture(context, chosen);
  }
  return chosen;
}

/** A legacy set only by its own name, or where there is nothing else. Throws OpsError "usage" or "failed". */
export function chooseAmong(found: FoundSets, name: string): ChosenSet {
  const { sets, legacy, others } = found;
  const isNewest = name === "latest" && sets.length === 0;
  const named = legacy.filter(({ stamp, path }) => isNewest || stamp === name || path === name);
  const [old] = named;
  if (old === undefined) {
    return { kind: "ours", copies: chooseSet(sets, name, { unusable: describeUnusable(found), others }) };
  }
  const namesakes = isNewest ? [] : named.slice(1);
  if (namesakes.length > 0) {
    throw new OpsError(`"${name}" is the name of ${namesakes.length + 1} legacy sets`, {
      outcome: "usage",
      hint: `Name one by its directory: ${[old, ...namesakes].map(({ path }) => path).join(", ")}`,
    });
  }
  return { kind: "legacy", set: old };
}

/** Of sets that may be newer than the one that is taken. */
export function warnOfUnusable({ log }: RestoreContext, found: FoundSets): void {
  for (const line of describeUnusable(found)) log.warning("set.unusable", `Passed over ${line}`);
}

/** The clock is wrong now, or was when the set was made: which one is the newest only a person knows. */
function warnOfFuture({ deps, log }: RestoreContext, chosen: ChosenSet): void {
  if (chosen.kind !== "ours") return;
  const [{ manifest }] = chosen.copies;
  if (new Date(manifest.startedAt) <= deps.clock.now()) return;
  const stamp = stampOf(manifest);
  log.warning("set.future", `${stamp} is dated in the future: others may be newer, see restore list`);
}

function describeUnusable({ unknown }: FoundSets): readonly string[] {
  return unknown.map(({ place, path, problem }) => `${showName(path)} in ${place.name}: ${problem}`);
}
