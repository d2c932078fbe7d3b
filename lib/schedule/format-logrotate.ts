import { ownershipMark, type SchedulePlan } from "#lib/schedule/schedule-plan.ts";

/** The file for /etc/logrotate.d. Each run opens its log anew, so nobody has to be told and nothing is copied. */
export function formatLogrotate({ job, logFile }: SchedulePlan): string {
  return [
    `# lastgood: the log of the job "${job}". ${ownershipMark}.`,
    `"${logFile}" {`,
    "    weekly",
    "    rotate 12",
    "    missingok",
    "    notifempty",
    "    compress",
    "    delaycompress",
    "    create 0640 root adm",
    "}",
    "",
  ].join("\n");
}

/** Whether a file of logrotate's names a log already, by its path or by a pattern. */
export function rotates(text: string, logFile: string): boolean {
  const words = text.replaceAll(/^\s*#.*$/gm, "").match(/"[^"]*"|[^\s{}"]+/g) ?? [];
  return words.some((word) => matchesPattern(word.replaceAll('"', ""), logFile));
}

function matchesPattern(pattern: string, path: string): boolean {
  const source = pattern
    .replaceAll(/[.+^$(){}|\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  try {
    return new RegExp(`^${source}$`).test(path);
  } catch {
    // A bracket that nothing closes is no pattern.
    return pattern === path;
  }
}
