/**
 * The systemd units of a job: a timer and the service that it starts, the same for its drill, and a service that finishes
 * at boot what died with the machine. `systemd-analyze security` says what they may do beyond a backup.
 */
import type { CronExpression } from "#lib/core/cron-expression.ts";
import {
  commandOf,
  configPathOf,
  ownershipMark,
  type SchedulePlan,
  unitNamesOf,
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

/** Names of the files and their texts. */
export function formatUnits(plan: SchedulePlan): ReadonlyMap<string, string> {
  const { job, expression, drill } = plan;
  const names = unitNamesOf(job);
  return new Map([
    [names.service, formatRun(plan, "backup-run", `backup of the job ${job}`)],
    [names.timer, formatTimerOf(plan, expression, `when to back up the job ${job}`)],
    [names.recovery, formatRecovery(plan)],
    ...(drill === undefined ? [] : formatDrill(plan, drill)),
  ]);
}

function formatDrill(plan: SchedulePlan, drill: CronExpression): readonly (readonly [string, string])[] {
  const names = unitNamesOf(plan.job);
  return [
    [names.drill, formatRun(plan, "drill", `drill of a restore of the job ${plan.job}`)],
    [names.drillTimer, formatTimerOf(plan, drill, `when to drill a restore of the job ${plan.job}`)],
  ];
}

/** A service that holds the job's lock, and leaves nothing when it dies. */
function formatRun(plan: SchedulePlan, command: "backup-run" | "drill", description: string): string {
  const { recovery } = unitNamesOf(plan.job);
  return joinLines([
    ...head(plan),
    "[Unit]",
    `Description=lastgood: ${description}`,
    "Wants=network-online.target",
    `After=network-online.target docker.service ${recovery}`,
    "",
    "[Service]",
    "Type=oneshot",
    `ExecStart=${quoteForUnit(commandOf(plan, command))}`,
    "# After every end, that by kill -9 included: start what still stands, report what died.",
    `ExecStopPost=-${quoteForUnit(commandOf(plan, "recover"))}`,
    "# Asked to stop, the run ends its own children and starts what it stopped: only then is the rest killed.",
    "KillMode=mixed",
    `TimeoutStopSec=${stopMinutes}min`,
    "# RUN_TIMEOUT ends a run by itself before that.",
    `TimeoutStartSec=${Math.ceil(plan.runTimeoutMs / 60_000) + stopMinutes}min`,
    "# A compressor that runs out of memory is told of by the run, which ends by itself.",
    "OOMPolicy=continue",
    ...(plan.busyExit === 0
      ? []
      : ["# Another run holds the lock: no success, and no failure.", `SuccessExitStatus=${plan.busyExit}`]),
    ...surroundings,
    ...hardening,
    command === "drill"
      ? "# No PrivateTmp=yes: docker is to see what a drill restores into /var/tmp."
      : ownTmp,
  ]);
}

function formatTimerOf(plan: SchedulePlan, expression: CronExpression, description: string): string {
  return formatTimer({
    head: head(plan),
    description: `lastgood: ${description}`,
    expression,
    delayMinutes: plan.delayMinutes,
    isPersistent: true,
  });
}

function formatRecovery(plan: SchedulePlan): string {
  const { service, drill } = unitNamesOf(plan.job);
  return joinLines([
    ...head(plan),
    "[Unit]",
    `Description=lastgood: finish what a dead backup of the job ${plan.job} left`,
    "Wants=network-online.target",
    "After=network-online.target docker.service",
    `Before=${service} ${drill}`,
    "",
    "[Service]",
    "Type=oneshot",
    `ExecStart=${quoteForUnit(commandOf(plan, "recover"))}`,
    `TimeoutStartSec=${stopMinutes}min`,
    ...surroundings,
    ...hardening,
    "# No PrivateTmp=yes: a dead drill has left in /var/tmp what it restored.",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  ]);
}

function head({ job }: SchedulePlan): readonly string[] {
  return [
    `# lastgood: unattended backups of the job "${job}" (${configPathOf(job)}).`,
    `# ${ownershipMark}.`,
  ];
}
