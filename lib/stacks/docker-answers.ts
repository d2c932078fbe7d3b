import { OpsError } from "#lib/core/ops-error.ts";

/** What docker printed, as a value. Throws OpsError "failed" when it is not what docker prints. */
export function understand<Value>(action: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    const hint = "Is docker on PATH the real one? docker version";
    throw new OpsError(`Cannot ${action}: docker's answer makes no sense`, {
      outcome: "failed",
      hint,
      cause,
    });
  }
}
