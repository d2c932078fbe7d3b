/**
 * The systemd units of a job: a timer, the service that it starts, and one that finishes at boot what died with the
 * machine. `systemd-analyze security` says what the service may do beyond a backup.
 */
import { toOnCalendar } from "#lib/core/on-calendar.ts";
import {
  commandOf,
  configPathOf,
  ownershipMark,
  type SchedulePlan,
  searchPath,
  unitNamesOf,
} from "#lib/schedule/schedule-plan.ts";

/** Names of the files and their texts. */
export function formatUnits(plan: SchedulePlan): ReadonlyMap<string, string> {
  const { service, timer, recovery } = unitNamesOf(plan.job);
  return new Map([
    [service, formatService(plan)],
    [timer, formatTimer(plan)],
    [recovery, formatRecovery(plan)],
  ]);
}

const stopMinutes = 15;

function formatService(plan: SchedulePlan): string {
  const { recovery } = unitNamesOf(plan.job);
  return join([
    ...head(plan),
    "[Unit]",
    `Description=lastgood: backup of the job ${plan.job}`,
    "Wants=network-online.target",
    `After=network-online.target docker.service ${recovery}`,
    "",
    "[Service]",
    "Type=oneshot",
    `ExecStart=${quote(commandOf(plan, "backup-run"))}`,
    "# After every end, that by kill -9 included: start what still stands, report what died.",
    `ExecStopPost=-${quote(commandOf(plan, "recover"))}`,
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
  ]);
}

function formatTimer(plan: SchedulePlan): string {
  const delay = plan.delayMinutes;
  return join([
    ...head(plan),
    "[Unit]",
    `Description=lastgood: when to back up the job ${plan.job}`,
    "",
    "[Timer]",
    ...toOnCalendar(plan.expression).map((value) => `OnCalendar=${value}`),
    ...(delay === undefined
      ? []
      : [
          "# The same on each day, different on each host.",
          `RandomizedDelaySec=${delay}min`,
          "FixedRandomDelay=true",
        ]),
    "# A start that was missed while the machine was down is made up for.",
    "Persistent=true",
    "",
    "[Install]",
    "WantedBy=timers.target",
  ]);
}

function formatRecovery(plan: SchedulePlan): string {
  const { service } = unitNamesOf(plan.job);
  return join([
    ...head(plan),
    "[Unit]",
    `Description=lastgood: finish what a dead backup of the job ${plan.job} left`,
    "Wants=network-online.target",
    "After=network-online.target docker.service",
    `Before=${service}`,
    "",
    "[Service]",
    "Type=oneshot",
    `ExecStart=${quote(commandOf(plan, "recover"))}`,
    `TimeoutStartSec=${stopMinutes}min`,
    ...surroundings,
    ...hardening,
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

const surroundings = [
  `Environment=PATH=${searchPath}`,
  "UMask=0027",
  "Nice=10",
  "CPUSchedulingPolicy=batch",
  "IOSchedulingClass=best-effort",
  "IOSchedulingPriority=7",
  "LogRateLimitIntervalSec=0",
];

const hardening = [
  "",
  "# It reads every file, whoever owns it, and talks to Docker; beyond that it needs little of what root may do.",
  "# SYS_ADMIN removes snapshots, SYS_PTRACE finds the children of a dead run, SETUID asks PostgreSQL as its own user.",
  "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER CAP_FSETID CAP_SETFCAP CAP_KILL CAP_SETUID CAP_SETGID CAP_SYS_NICE CAP_SYS_PTRACE CAP_SYS_ADMIN",
  "NoNewPrivileges=yes",
  "# Not strict: a store that is added later must not fail for a path that is missing here.",
  "ProtectSystem=full",
  "PrivateTmp=yes",
  "# Snapshots of ZFS need its device.",
  "DevicePolicy=closed",
  "DeviceAllow=/dev/zfs rw",
  "DeviceAllow=char-pts rw",
  "ProtectClock=yes",
  "ProtectControlGroups=yes",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "LockPersonality=yes",
  "# The runtime compiles as it runs.",
  "MemoryDenyWriteExecute=no",
  "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service @mount",
  "SystemCallErrorNumber=EPERM",
];

/** As systemd reads words: in quotes where they hold anything special, `%` and `$` doubled. */
function quote(words: readonly string[]): string {
  return words
    .map((word) => {
      const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
      return /^[A-Za-z0-9_./:=@%+$-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll(/["\\]/g, "\\$&")}"`;
    })
    .join(" ");
}

function join(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
