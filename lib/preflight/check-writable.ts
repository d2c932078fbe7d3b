import type { Finding } from "#lib/core/report.ts";
import { ask, type FileSystemAsker } from "#lib/preflight/ask-file-system.ts";

// mktemp creates with O_EXCL under a name nobody can guess; the file goes whatever the outcome.
const writeAndRemove =
  'f=$(mktemp "$1/.write-test-XXXXXXXXXX") || exit; printf test >"$f" && sync "$f"; s=$?; rm -f "$f"; exit "$s"';

/** Whether a file can really be written there: permissions, read-only mounts and quotas only show when it is tried. */
export async function checkWritable(
  asker: FileSystemAsker,
  path: string,
  isDryRun: boolean,
): Promise<Finding> {
  const name = "write test";
  const answer = isDryRun
    ? await ask(asker, ["test", "-w", path])
    : await ask(asker, ["sh", "-c", writeAndRemove, "write-test", path]);
  if (answer.ok) return { name, passed: true, message: `${path} can be written` };
  return {
    name,
    passed: false,
    message: `Cannot write to "${path}": ${answer.reason}`,
    hint: "Check its owner and mode, and that the file system is not mounted read-only",
  };
}
