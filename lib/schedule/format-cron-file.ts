import { quoteForShell } from "#lib/core/shell-quote.ts";
import {
  commandOf,
  configPathOf,
  ownershipMark,
  type SchedulePlan,
  searchPath,
} from "#lib/schedule/schedule-plan.ts";

/** The file for /etc/cron.d: the backup at its times, the drill of a restore, and at boot what finishes a run that died. */
export function formatCronFile(plan: SchedulePlan): string {
  const { text } = plan.expression;
  const lines = [
    [text, commandOf(plan, "backup-run")],
    ["@reboot", commandOf(plan, "recover")],
    ...(plan.drill === undefined ? [] : [[plan.drill.text, commandOf(plan, "drill")] as const]),
  ] as const;
  const width = Math.max(...lines.map(([when]) => when.length));
  return [
    `# lastgood: unattended backups of the job "${plan.job}" (${configPathOf(plan.job)}).`,
    `# ${ownershipMark}. Owner root, mode 0644; cron ignores a name with a dot.`,
    "# Success is silent. Whatever reaches stderr is mailed by cron to MAILTO, beside the channels of the configuration.",
    "SHELL=/bin/sh",
    `PATH=${searchPath}`,
    "MAILTO=root",
    "",
    ...lines.map(([when, command]) => `${when.padEnd(width)} root ${quoteForCron(command)}`),
    "",
  ].join("\n");
}

/** For the shell, and for cron, to which `%` means the end of the line. */
export function quoteForCron(words: readonly string[]): string {
  return words.map(quoteForShell).join(" ").replaceAll("%", "\\%");
}
