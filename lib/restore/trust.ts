import type { Manifest } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { RestoreContext } from "#lib/restore/places.ts";

/** Whether this very installation made the set, or an earlier one that the configuration knows. */
export function isOwnSet({ host, settings }: RestoreContext, manifest: Manifest): boolean {
  const { name, machineId } = manifest.host;
  if (name !== host.name || machineId === undefined) return false;
  return machineId === host.machineId || (settings?.HOST_FORMER_IDS ?? []).includes(machineId);
}

/** Whether what a set brings may do more than lie there: its devices, its set-id bits, the statements of its dumps. */
export function isTrusted(context: RestoreContext, manifest: Manifest): boolean {
  return context.flags["trust"] === true || isOwnSet(context, manifest);
}

/** An OpsError "usage": a dump can do on a server whatever its user may, and to other databases as well. */
export function untrustedDump(): OpsError {
  return new OpsError("Cannot load a dump of another host into a server: nobody vouches for its statements", {
    outcome: "usage",
    hint: "Give --trust if you do; without --database and --in-place it becomes a file",
  });
}

/** What lacks anything does not take the place of what is there. Throws OpsError "failed". */
export function refuseUnlessWhole(problems: readonly string[]): void {
  const [first] = problems;
  if (first === undefined) return;
  throw new OpsError(`Nothing was replaced: ${first}`, {
    outcome: "failed",
    hint: "Restore it into a directory of its own, and look at it",
    problems: [...problems],
  });
}
