import type { Finding } from "#lib/core/report.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";
import { askFileType, type FileSystemAsker, hintOnReason } from "#lib/preflight/ask-file-system.ts";

/** Roles of what is backed up: an empty directory made in its place would be a backup of nothing. */
const readRoles: readonly string[] = ["source", "stack"];

/** Whether a directory exists; `role` is what it is to the run: "source", "destination". */
export async function checkDirectory(asker: FileSystemAsker, role: string, path: string): Promise<Finding> {
  const type = await askFileType(asker, path);
  if (!type.ok) {
    const isMissing = type.reason === "No such file or directory";
    const otherwise = isMissing
      ? hintOnMissing(role, path)
      : "Look at the directories above it: owner, mode, and whether their disk is well";
    const hint = hintOnReason(type.reason, otherwise);
    return { name: role, passed: false, message: `Cannot find ${role} "${path}": ${type.reason}`, hint };
  }
  if (type.value !== "directory") {
    const message = `Cannot use ${role} "${path}": it is a ${type.value}, a directory is required`;
    return { name: role, passed: false, message, hint: "Correct the path in the configuration" };
  }
  return { name: role, passed: true, message: `${role} exists: ${path}` };
}

function hintOnMissing(role: string, path: string): string {
  const first = readRoles.includes(role)
    ? "Correct the path in the configuration"
    : `Create it (mkdir -p -m 700 ${quoteForShell(path)})`;
  return `${first}, or mount what belongs there`;
}
