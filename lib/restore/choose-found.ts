import { OpsError } from "#lib/core/ops-error.ts";
import { chooseSet } from "#lib/core/set-choice.ts";
import { type FoundLegacySet, type FoundSet, type FoundSets, findSets } from "#lib/restore/find-sets.ts";
import type { RestoreContext } from "#lib/restore/places.ts";

export type ChosenSet =
  | { readonly kind: "ours"; readonly copies: readonly [FoundSet, ...FoundSet[]] }
  | { readonly kind: "legacy"; readonly set: FoundLegacySet };

/** The set that a name means, in every place that has it. Throws OpsError "usage" or "failed". */
export async function chooseFound(context: RestoreContext, name: string): Promise<ChosenSet> {
  return chooseAmong(await findSets(context), name);
}

/** A legacy set only by its own name, or where there is nothing else. Throws OpsError "usage" or "failed". */
export function chooseAmong({ sets, legacy }: FoundSets, name: string): ChosenSet {
  const isNewest = name === "latest" && sets.length === 0;
  const named = legacy.filter(({ stamp, path }) => isNewest || stamp === name || path === name);
  const [old] = named;
  if (old === undefined) return { kind: "ours", copies: chooseSet(sets, name) };
  const others = isNewest ? [] : named.slice(1);
  if (others.length > 0) {
    throw new OpsError(`"${name}" is the name of ${others.length + 1} legacy sets`, {
      outcome: "usage",
      hint: `Name one by its directory: ${[old, ...others].map(({ path }) => path).join(", ")}`,
    });
  }
  return { kind: "legacy", set: old };
}
