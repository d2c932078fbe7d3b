import type { World } from "#lib/run/world.ts";

/** For programs, on standard output. */
export function writeJson({ stdout }: Pick<World, "stdout">, value: unknown): Promise<void> {
  return stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
