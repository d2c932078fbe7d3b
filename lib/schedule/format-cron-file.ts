import { quoteForShell } from "#lib/core/shell-quote.ts";
import {
  commandOf,
  configPathOf,
  ownershipMark,
  type SchedulePlan,
  searchPath,
} from "#lib/schedule/schedule-plan.ts";

/** The file for /etc/cron.d: the backup at its times, and at boot what finishes one that died. */
export function formatCronFile(plan: SchedulePlan): string {
  const { text } = plan.expression;
  return [
    `# lastgood: unattended backups of the job "${plan.job}" (${configPathOf(plan.job)}).`,
    `# ${ownershipMark}. Owner root, mode 0644; cron ignores a name with a dot.`,
    "# Success is silent. Whatever reaches stderr is mailed by cron to MAILTO, beside the channels of the configuration.",
    "SHELL=/bin/sh",
    `PATH=${searchPath}`,
    "MAILTO=root",
    "",
    `${text} root ${quote(commandOf(plan, "backup-run"))}`,
    `${"@reboot".padEnd(text.length)} root ${quote(commandOf(plan, "recover"))}`,
    "",
  ].join("\n");
}

/** For the shell, and for cron, to which `%` means the end of the line. */
function quote(words: readonly string[]): string {
  return words.map(quoteForShell).join(" ").replaceAll("%", "\\%");
}
