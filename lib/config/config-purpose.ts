/**
 * What a configuration is read for. One of a backup must say what is backed up and where to; one of "predeploy" need not
 * even exist; a recovery takes either.
 */
export type ConfigPurpose = "backup" | "predeploy" | "recovery";

/** A purpose that nobody named is a backup. */
export function isOfBackup({
  purpose = "backup",
}: {
  readonly purpose?: ConfigPurpose | undefined;
}): boolean {
  return purpose === "backup";
}
