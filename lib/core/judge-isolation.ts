/** Which services of a stack can be started as a copy beside the stack itself, without reaching it or its host. */
import { dumpKindOf } from "#lib/core/dump-label.ts";
import { skipLabel, skipValues } from "#lib/core/stack-uses.ts";
import type { TrialService } from "#lib/core/trial-model.ts";

/** An admin's word on a service that says nothing in a drill. */
export const drillLabel = "lastgood.drill";
const drillRefusals = /^(?:false|no|off|0)$/i;

/** What reaches no further than the container and its own networks. */
const harmless = new Set([
  ...["cap_add", "cap_drop", "command", "configs", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota"],
  ...["cpus", "cpuset", "depends_on", "deploy", "dns", "dns_opt", "dns_search", "domainname", "entrypoint"],
  ...["environment", "expose", "extra_hosts", "group_add", "healthcheck", "hostname", "image", "init", "ipc"],
  ...["links", "mac_address", "mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit"],
  ...["network_mode", "networks", "pid", "pids_limit", "platform", "read_only", "secrets", "security_opt"],
  ...["shm_size", "stdin_open", "stop_signal", "storage_opt", "sysctls", "tmpfs", "tty", "ulimits", "user"],
  ...["volumes", "volumes_from", "working_dir"],
]);

/**
 * What a copy is not given. Labels above all: proxies, updaters and schedulers watch every container of the engine for theirs,
 * and would send the visitors of the stack to its copy.
 */
const dropped = new Set([
  ...[
    "annotations",
    "attach",
    "blkio_config",
    "build",
    "container_name",
    "cpu_shares",
    "develop",
    "env_file",
  ],
  ...[
    "isolation",
    "label_file",
    "labels",
    "logging",
    "oom_kill_disable",
    "oom_score_adj",
    "ports",
    "profiles",
  ],
  ...["pre_stop", "pull_policy", "restart", "scale", "stop_grace_period"],
]);

const safeCapabilities = new Set([
  ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "IPC_LOCK", "KILL", "MKNOD", "NET_ADMIN"],
  ...["NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT", "SYS_NICE"],
  "SYS_PTRACE",
]);

export function isKept(key: string): boolean {
  return harmless.has(key);
}

/** Why a service is not started in a drill; undefined when it can be. What nobody foresaw cannot. */
export function judgeIsolation(service: TrialService): string | undefined {
  const labels = service.labels ?? {};
  if (drillRefusals.test(labels[drillLabel] ?? "")) return `its label ${drillLabel} says so`;
  if (skipValues.test(labels[skipLabel] ?? "")) return `the set does not have its data (label ${skipLabel})`;
  if (dumpKindOf({ labels }) !== undefined) return "its database is in a dump of its own, drilled by itself";
  const asked = Object.keys(service).find(
    (key) => !(isKept(key) || dropped.has(key) || key.startsWith("x-") || isNothing(service[key])),
  );
  if (asked !== undefined) return `it asks for ${asked}`;
  for (const key of ["network_mode", "pid", "ipc"] as const) {
    const mode = service[key] ?? "";
    if (mode === "host" || mode.startsWith("container:")) return `it asks for ${key}: ${mode}`;
  }
  if (service.volumes_from?.some((from) => from.startsWith("container:")))
    return "it asks for volumes of a container that is not of this stack";
  const capability = service.cap_add?.find((name) => !safeCapabilities.has(name.replace(/^CAP_/i, "")));
  if (capability !== undefined) return `it asks for the capability ${capability}`;
  const security = service.security_opt?.find((option) => !option.startsWith("no-new-privileges"));
  if (security !== undefined) return `it asks for security_opt: ${security}`;
  if ((service.deploy?.resources?.reservations?.devices ?? []).length > 0) return "it asks for a device";
  const odd = service.volumes?.find(({ type }) => !["bind", "volume", "tmpfs"].includes(type));
  return odd === undefined ? undefined : `it asks for a mount of type ${odd.type}`;
}

/** Written out, and yet nothing that is asked for. */
function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
