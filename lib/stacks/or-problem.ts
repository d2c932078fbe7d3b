import { describeError, OpsError } from "#lib/core/ops-error.ts";

/** The answer, or undefined with the reason added to `problems`. */
export async function orProblem<Answer>(
  act: () => Promise<Answer>,
  problems: string[],
): Promise<Answer | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    problems.push(describeError(error));
    return undefined;
  }
}
