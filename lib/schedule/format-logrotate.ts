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
