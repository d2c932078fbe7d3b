import type { ConfigFile } from "#lib/config/config-file.ts";
import { OpsError } from "#lib/core/ops-error.ts";

const readableByOthers = 0o004;
const writableByOthers = 0o022;

/**
 * Refuse a file that others may write (a `_COMMAND` in it runs as us), that a stranger owns, or that others may read
 * although it holds a secret. Throws OpsError "denied".
 */
export function checkFileMode(
  file: Pick<ConfigFile, "path" | "mode" | "uid">,
  ownUid: number,
  hasSecret: boolean,
): void {
  const octal = (file.mode & 0o7777).toString(8).padStart(4, "0");
  const hint = `chmod 600 '${file.path}'`;
  if (file.uid !== 0 && file.uid !== ownUid) {
    const message = `Cannot trust "${file.path}": it belongs to user ${file.uid}, root or user ${ownUid} is required`;
    throw new OpsError(message, { outcome: "denied", hint: `chown ${ownUid} '${file.path}'` });
  }
  if ((file.mode & writableByOthers) !== 0) {
    const message = `Cannot trust "${file.path}": others may write it (mode ${octal})`;
    throw new OpsError(message, { outcome: "denied", hint });
  }
  if (hasSecret && (file.mode & readableByOthers) !== 0) {
    const message = `Cannot use "${file.path}": it holds a secret and everybody may read it (mode ${octal})`;
    throw new OpsError(message, { outcome: "denied", hint });
  }
}
