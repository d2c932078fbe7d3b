import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";

/** Where a job's messages wait that no channel took. */
export function outboxDirectory({ STATE_DIR, JOB }: Pick<Settings, "STATE_DIR" | "JOB">): string {
  return join(STATE_DIR, JOB, "outbox");
}
