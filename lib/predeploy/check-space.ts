import type { Exec } from "#lib/core/deps.ts";
import type { Finding } from "#lib/core/report.ts";
import type { RequiredSpace } from "#lib/core/stage.ts";
import { askSpace, type FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import { checkMount } from "#lib/preflight/check-mount.ts";
import { sshCommand } from "#lib/units/ssh-command.ts";
import type { ManagerTarget } from "#lib/units/unit-manager.ts";

const gib = 1024 ** 3;

/** Whether a path is mounted and has room: what is not mounted would show the room of the disk below it. */
export async function checkSpace(
  asker: FileSystemAsker,
  required: RequiredSpace,
): Promise<readonly Finding[]> {
  const { path, minFreeGb, isMount } = required;
  const mounts = isMount ? [await checkMount(asker, { path, marker: undefined })] : [];
  if (mounts.some(({ passed }) => !passed)) return mounts;
  const name = "free space";
  const space = await askSpace(asker, path);
  if (!space.ok) {
    return [
      ...mounts,
      { name, passed: false, message: `Cannot ask for free space on ${path}: ${space.reason}` },
    ];
  }
  const free = Math.floor(space.value.freeBytes / gib);
  if (space.value.freeBytes < minFreeGb * gib) {
    const message = `Insufficient space on ${path}: ${free}GB available, need ${minFreeGb}GB`;
    return [...mounts, { name, passed: false, message, hint: "Free space there, or lower min_free_gb" }];
  }
  return [
    ...mounts,
    { name, passed: true, message: `Disk space check passed: ${path} has ${free}GB available` },
  ];
}

/** Run programs where a manager is. */
export function execAt(exec: Exec, target: ManagerTarget): Exec {
  if (target.kind !== "host") return exec;
  return (command, options) => exec(sshCommand(target.host, command), options);
}
