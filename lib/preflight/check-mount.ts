import { join } from "node:path";
import type { Finding } from "#lib/core/report.ts";
import type { RequiredMount } from "#lib/core/required-mount.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";
import { ask, askFileType, type FileSystemAsker, hintOnReason } from "#lib/preflight/ask-file-system.ts";

/** Whether what belongs at a path is mounted there: an empty mount point looks just like an empty disk. */
export async function checkMount(asker: FileSystemAsker, mount: RequiredMount): Promise<Finding> {
  const name = "mount";
  if (mount.marker !== undefined) {
    const marker = join(mount.path, mount.marker);
    const type = await askFileType(asker, marker);
    if (type.ok) return { name, passed: true, message: `mounted: ${mount.path} (has ${mount.marker})` };
    const message = `Cannot find the marker "${marker}": ${type.reason}`;
    const otherwise = `Mount "${mount.path}", or create the marker file on it`;
    return { name, passed: false, message, hint: hintOnReason(type.reason, otherwise) };
  }
  const type = await askFileType(asker, mount.path);
  const answer = type.ok ? await ask(asker, ["mountpoint", "--quiet", "--", mount.path]) : type;
  if (answer.ok) return { name, passed: true, message: `mounted: ${mount.path}` };
  // It says nothing else when it has looked.
  const isUnmounted = answer.reason.startsWith("mountpoint ended with");
  const reason = isUnmounted ? "nothing is mounted there" : answer.reason;
  const message = `Cannot use "${mount.path}": ${reason}, a mount point is required`;
  const otherwise = `Mount it (mount ${quoteForShell(mount.path)}), or correct REQUIRE_MOUNT`;
  return { name, passed: false, message, hint: hintOnReason(reason, otherwise) };
}
