import { DockerError } from "#lib/core/docker-error.ts";

/** What docker printed, as a value. Throws DockerError when it is not what docker prints. */
export function understand<Value>(action: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    const hint = "Is docker on PATH the real one? docker version";
    throw new DockerError(`Cannot ${action}: docker's answer makes no sense`, {
      trouble: "other",
      hint,
      cause,
    });
  }
}
