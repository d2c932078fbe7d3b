import type { Finding } from "#lib/core/report.ts";
import { ask, type FileSystemAsker, hintOnReason } from "#lib/preflight/ask-file-system.ts";

// mkdir fails when anything has that name, a planted symlink included. What it made goes whenever the shell ends: the trap
// stands before there is anything to remove, removes with signals shut out, and nothing through a symlink.
const writeAndRemove =
  'd="$1/$2"; trap \'trap "" HUP INT TERM; [ -h "$d" ] || { rm -f "$d/write-test"; rmdir "$d" 2>/dev/null; }\' EXIT; ' +
  'trap "exit 1" HUP INT TERM; mkdir -m 700 "$d" && printf test >"$d/write-test" && sync "$d/write-test"';

/**
 * Whether a file can really be written there: permissions, read-only mounts and quotas only show when it is tried.
 *
 * The test is written into a directory of the run's own hidden name, so that what a killed run leaves of it is swept.
 */
export async function checkWritable(
  asker: FileSystemAsker,
  path: string,
  hiddenName: string,
  isDryRun: boolean,
): Promise<Finding> {
  const name = "write test";
  const answer = isDryRun
    ? await ask(asker, ["test", "-w", path])
    : await ask(asker, ["sh", "-c", writeAndRemove, "write-test", path, hiddenName]);
  if (answer.ok) return { name, passed: true, message: `${path} can be written` };
  const hint = hintOn(answer.reason);
  return { name, passed: false, message: `Cannot write to "${path}": ${answer.reason}`, hint };
}

function hintOn(reason: string): string {
  if (reason.startsWith("no answer")) return "Look at its mount: the file system takes no writes";
  // Of bytes there were enough a moment ago.
  if (/No space left|quota exceeded/.test(reason))
    return "Its inodes or this user's quota are used up: df -i, quota";
  return hintOnReason(reason, "Check its owner and mode, and that the file system is not mounted read-only");
}
