import { OpsError } from "#lib/core/ops-error.ts";

/**
 * A path below a store's base, as it may be written to or removed. Throws OpsError "failed" for anything that could lead
 * elsewhere: this is the last check before a command that removes.
 */
export function checkRemotePath(path: string): string {
  const segments = path.split("/");
  const isInside = segments.every((segment) => segment !== "" && segment !== "." && segment !== "..");
  if (isInside && !/[\n\r\0]/.test(path)) return path;
  throw new OpsError(`Cannot use "${path}": it is no path below the store's base`, { outcome: "failed" });
}

/** Path of the directory that holds `path`; empty for the base. */
export function remoteParent(path: string): string {
  const at = path.lastIndexOf("/");
  return at === -1 ? "" : path.slice(0, at);
}
