import type { SetListing } from "#lib/stores/set-listing.ts";

/** A note for each other machine or installation that has sets under this host's name: they stay until a person decides. */
export function describeForeign({ foreign }: SetListing, where = ""): string[] {
  const adoptable = foreign.filter(({ reason }) => reason.includes("HOST_FORMER_IDS"));
  return [...Map.groupBy(adoptable, ({ reason }) => reason)].map(([reason, sets]) => {
    const others = sets.length === 1 ? "" : ` and ${sets.length - 1} more`;
    return `Left alone${where}: ${sets[0]?.path}${others}: ${reason}`;
  });
}
