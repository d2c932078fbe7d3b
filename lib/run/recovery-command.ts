import { fileURLToPath } from "node:url";
import type { World } from "#lib/run/world.ts";

declare global {
  // Deno's type check of a project with `types` of its own does not know it.
  interface ImportMeta {
    url: string;
  }
}

/** Absolute path; the other scripts lie beside it. */
export const recoverScript = fileURLToPath(new URL("../../scripts/recover.ts", import.meta.url));

/** The command that finishes what a dead run of the job of `configFile` left, under the same runtime. */
export function recoveryCommand({ launcher }: Pick<World, "launcher">, configFile: string): string[] {
  return [...launcher, recoverScript, "--config", configFile];
}
