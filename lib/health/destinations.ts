import type { Settings } from "#lib/config/schema.ts";

/** Local directories that sets are written to. */
export function destinationsOf({
  BACKUP_DIR,
  SECONDARY_DIR,
}: Pick<Settings, "BACKUP_DIR" | "SECONDARY_DIR">): readonly string[] {
  return SECONDARY_DIR === undefined ? [BACKUP_DIR] : [BACKUP_DIR, SECONDARY_DIR];
}
