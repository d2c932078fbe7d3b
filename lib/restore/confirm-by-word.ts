import { OpsError } from "#lib/core/ops-error.ts";
import type { Operator } from "#lib/core/run-context.ts";

/** Show the plan, and have whoever is there type what will happen. Throws OpsError "usage" when nobody is. */
export async function confirmByWord(
  operator: Operator,
  name: string,
  plan: readonly string[],
): Promise<boolean> {
  if (operator.flags["yes"] === true) return true;
  const word = `RESTORE ${name}`;
  if (!operator.isThere) {
    throw new OpsError(`Nobody is there to type "${word}"`, {
      outcome: "usage",
      hint: "Give --yes if it is meant so",
    });
  }
  for (const line of plan) await operator.tell(`${line}\n`);
  const answer = await operator.ask(`Type "${word}" to go on, anything else to leave: `);
  return answer?.trim() === word;
}
