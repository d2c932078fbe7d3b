/** A directory in use that is to be replaced: whether two renames can do it. */
import { dirname } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import { formatBytes } from "#lib/core/size.ts";
import { ask, askFileType, askRealPath, askSpace } from "#lib/preflight/ask-file-system.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { askerOf } from "#lib/restore/target-directory.ts";

export interface Replaceable {
  /** Without symlinks: what a link leads to is replaced, not the link. */
  readonly target: string;
  readonly isThere: boolean;
}

/** Throws OpsError "failed"; nothing is written. */
export async function checkReplaceable(
  context: RestoreContext,
  directory: string,
  neededBytes: number,
): Promise<Replaceable> {
  const asker = askerOf(context);
  const refuse = (reason: string, hint: string) =>
    new OpsError(`Cannot replace "${directory}": ${reason}`, { outcome: "failed", hint });
  const type = await askFileType(asker, directory);
  if (!type.ok && type.reason.startsWith("no answer")) throw refuse(type.reason, "Look at its mount");
  if (type.ok && type.value !== "directory") throw refuse(`it is a ${type.value}`, "Correct APP_DIR");
  const real = type.ok ? await askRealPath(asker, directory) : undefined;
  if (real?.ok === false) throw refuse(real.reason, "Look at its mount");
  const target = real?.ok === true ? real.value : directory;
  const mounts = await ask(asker, ["cat", "/proc/self/mounts"]);
  const inTheWay = mounts.ok ? findMounts(mounts.value, target) : [mounts.reason];
  if (inTheWay.length > 0) {
    throw refuse(
      `something is mounted at ${inTheWay.join(", ")}`,
      "A mount cannot be renamed away: restore into a directory of its own, and copy",
    );
  }
  const parent = dirname(target);
  const above = await askFileType(asker, parent);
  if (!above.ok) throw refuse(`"${parent}": ${above.reason}`, "Create it, or mount what holds it");
  const writable = await ask(asker, ["test", "-w", parent]);
  if (!writable.ok) throw refuse(`"${parent}" cannot be written`, "Run it as root");
  const space = await askSpace(asker, parent);
  if (!space.ok) throw refuse(space.reason, "Look at its mount");
  if (space.value.freeBytes < neededBytes) {
    throw refuse(
      `${formatBytes(space.value.freeBytes)} free, ${formatBytes(neededBytes)} required beside what is there`,
      "Free space there, or restore into a directory of another disk",
    );
  }
  return { target, isThere: type.ok };
}

/** Mount points at or below `target`; spaces and the like stand as octal escapes there. */
function findMounts(mounts: string, target: string): string[] {
  const points = mounts
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .map((point) =>
      point.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
    );
  return points.filter((point) => point === target || point.startsWith(`${target}/`));
}
