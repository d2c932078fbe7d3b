import type { Manifest } from "#lib/core/manifest.ts";

/** What a set counts as when room is made: one of chosen sources can take no other's place, however whole it is. */
export function retainedOutcome({ outcome, selection }: Manifest): Manifest["outcome"] {
  return selection === undefined ? outcome : "partial";
}
