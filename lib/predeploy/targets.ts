import type { Settings } from "#lib/config/schema.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { StagePlan } from "#lib/core/stage.ts";
import type { ManagerTarget } from "#lib/units/unit-manager.ts";

/** The managers to work on, by flags over settings. Throws OpsError "usage" for flags that contradict each other. */
export function targetsOf(
  { PREDEPLOY_HOSTS, PREDEPLOY_MANAGER }: Pick<Settings, "PREDEPLOY_HOSTS" | "PREDEPLOY_MANAGER">,
  flags: Readonly<Record<string, string | boolean>>,
): readonly ManagerTarget[] {
  const { host, user } = flags;
  if (host !== undefined && user === true) {
    const hint = "At another host the system's units are run";
    throw new OpsError("--host and --user exclude each other", { outcome: "usage", hint });
  }
  if (user === true) return [{ kind: "user" }];
  const named = typeof host === "string" ? splitHosts(host) : [];
  // An unset variable of a script must not end up as the backup of this host.
  if (host !== undefined && named.length === 0) {
    throw new OpsError(`--host "${host}" names no host`, { outcome: "usage" });
  }
  const hosts = named.length > 0 ? named : PREDEPLOY_HOSTS;
  const bad = hosts.find((name) => name.startsWith("-"));
  if (bad !== undefined) throw new OpsError(`"${bad}" is no name of a host`, { outcome: "usage" });
  if (hosts.length > 0) return hosts.map((name) => ({ kind: "host", host: name }));
  return [{ kind: PREDEPLOY_MANAGER }];
}

function splitHosts(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ""))];
}

/** Programs run on this machine alone. Throws OpsError "config" for stages that need them elsewhere. */
export function checkPrograms({ stages }: StagePlan, targets: readonly ManagerTarget[]): void {
  if (!targets.some(({ kind }) => kind === "host")) return;
  const local = stages.find(({ jobs, commands }) => jobs.length + commands.length > 0);
  if (local === undefined) return;
  throw new OpsError(`Stage ${local.label} has jobs or commands, which run on this machine alone`, {
    outcome: "config",
    hint: "For other hosts, make a systemd unit of each of them there",
  });
}
