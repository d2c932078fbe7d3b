/** `health.json`: what the health check remembers of a job from one time to the next. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import { emptyMemory, type HealthMemory, parseMemory } from "#lib/core/health-memory.ts";
import { errorCode } from "#lib/core/ops-error.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

export function memoryPath({ STATE_DIR, JOB }: Pick<Settings, "STATE_DIR" | "JOB">): string {
  return join(STATE_DIR, JOB, "health.json");
}

/** Empty where there is none, and where it cannot be understood, which is a problem. */
export async function readMemory(
  path: string,
): Promise<{ readonly memory: HealthMemory; readonly problem?: string }> {
  try {
    const memory = parseMemory(await readFile(path, "utf8"));
    if (memory !== undefined) return { memory };
    return {
      memory: emptyMemory,
      problem: `Cannot understand "${path}": it is damaged, or of a newer version`,
    };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { memory: emptyMemory };
    throw error;
  }
}

export async function writeMemory(path: string, memory: HealthMemory): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileDurably(path, `${JSON.stringify(memory, null, 2)}\n`, { mode: 0o644 });
}
