import type { Manifest } from "#lib/core/manifest.ts";
import type { RestoreContext } from "#lib/restore/places.ts";

/** Whether this very installation made the set, or an earlier one that the configuration knows. */
export function isOwnSet({ host, settings }: RestoreContext, manifest: Manifest): boolean {
  const { name, machineId } = manifest.host;
  if (name !== host.name || machineId === undefined) return false;
  return machineId === host.machineId || (settings?.HOST_FORMER_IDS ?? []).includes(machineId);
}
