/** Paths that containers are given of the machine itself. */
import { isWithin } from "#lib/core/mount-table.ts";

/** Never data, whatever the settings: the machine itself, and what its kernel and its daemons make of nothing. */
const systemTrees = ["/proc", "/sys", "/dev", "/run", "/var/run", "/tmp/.X11-unix"];
const systemPaths = new Set([
  ...[
    "/",
    "/bin",
    "/boot",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/media",
    "/mnt",
    "/opt",
    "/root",
    "/sbin",
    "/srv",
  ],
  ...[
    "/tmp",
    "/usr",
    "/usr/lib",
    "/usr/bin",
    "/usr/share",
    "/usr/share/zoneinfo",
    "/lib/modules",
    "/usr/lib/modules",
  ],
  ...["/var", "/var/lib", "/var/lib/docker", "/var/lib/docker/containers", "/var/log", "/var/log/journal"],
  ...[
    "/etc/localtime",
    "/etc/timezone",
    "/etc/passwd",
    "/etc/group",
    "/etc/shadow",
    "/etc/hosts",
    "/etc/hostname",
  ],
  ...["/etc/machine-id", "/etc/os-release", "/usr/lib/os-release", "/etc/resolv.conf", "/etc/ssl/certs"],
]);

/** Whether a path belongs to the machine; asked of the path as written and of what it leads to. */
export function isSystemPath(path: string): boolean {
  return (
    systemPaths.has(path) ||
    systemTrees.some((tree) => isWithin(path, tree)) ||
    path.startsWith("/usr/share/zoneinfo/")
  );
}
