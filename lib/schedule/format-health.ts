/** The health check of a host as a file for /etc/cron.d, and as units of systemd. */

import { quoteForCron } from "#lib/schedule/format-cron-file.ts";
import {
  type HealthPlan,
  healthCommandOf,
  healthMark,
  healthUnits,
  ownershipMark,
  searchPath,
} from "#lib/schedule/schedule-plan.ts";
import {
  formatTimer,
  hardening,
  joinLines,
  ownTmp,
  quoteForUnit,
  stopMinutes,
  surroundings,
} from "#lib/schedule/unit-text.ts";

const question = `# lastgood: is there a recent good backup of ${healthMark}, and would the next one work?`;

export function formatHealthCronFile(plan: HealthPlan): string {
  return joinLines([
    question,
    `# ${ownershipMark} with the last job. Owner root, mode 0644; cron ignores a name with a dot.`,
    "# It tells by the jobs' channels when something changes, and once a day of what stays.",
    "SHELL=/bin/sh",
    `PATH=${searchPath}`,
    "MAILTO=root",
    "",
    `${plan.expression.text} root ${quoteForCron(healthCommandOf(plan))}`,
  ]);
}

/** Names of the files and their texts. */
export function formatHealthUnits(plan: HealthPlan): ReadonlyMap<string, string> {
  const head = [question, `# ${ownershipMark} with the last job.`];
  const service = joinLines([
    ...head,
    "[Unit]",
    "Description=lastgood: health of all backups",
    "Wants=network-online.target",
    "After=network-online.target docker.service",
    "",
    "[Service]",
    "Type=oneshot",
    `ExecStart=${quoteForUnit(healthCommandOf(plan))}`,
    "# What it finds is told by the channels; that it has found something is no failure of the check.",
    "SuccessExitStatus=1 2",
    `TimeoutStartSec=${stopMinutes}min`,
    ...surroundings,
    ...hardening,
    ownTmp,
  ]);
  const timer = formatTimer({
    head,
    description: "lastgood: when to check the health of all backups",
    expression: plan.expression,
    delayMinutes: plan.delayMinutes,
    isPersistent: false,
  });
  return new Map([
    [healthUnits.service, service],
    [healthUnits.timer, timer],
  ]);
}
