import { ofFuture, type RetentionPlan } from "#lib/core/retention-plan.ts";

/** A note for each set that a wrong clock has dated: it stays until a person removes it, or that time has come. */
export function describeFuture({ sets }: RetentionPlan, where = ""): string[] {
  return sets
    .filter(({ reasons }) => reasons.includes(ofFuture))
    .map(
      ({ path }) =>
        `Left alone${where}: ${path}: it is ${ofFuture}; remove it by hand when you do not need it`,
    );
}
