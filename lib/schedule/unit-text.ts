/** What the units have in common: surroundings, hardening, how systemd reads words. */
import { toOnCalendar } from "#lib/core/on-calendar.ts";
import { type SchedulePlan, searchPath } from "#lib/schedule/schedule-plan.ts";

/** A service that is asked to stop, or one beside a run, has this long. */
export const stopMinutes = 15;

interface TimerFacts extends Pick<SchedulePlan, "expression" | "delayMinutes"> {
  readonly head: readonly string[];
  readonly description: string;
  /** Whether a start that was missed is made up for. */
  readonly isPersistent: boolean;
}

export function formatTimer({
  head,
  description,
  expression,
  delayMinutes,
  isPersistent,
}: TimerFacts): string {
  const delay =
    delayMinutes === undefined
      ? []
      : [
          "# The same on each day, different on each host.",
          `RandomizedDelaySec=${delayMinutes}min`,
          "FixedRandomDelay=true",
        ];
  const missed = isPersistent
    ? ["# A start that was missed while the machine was down is made up for.", "Persistent=true"]
    : [];
  return joinLines([
    ...head,
    "[Unit]",
    `Description=${description}`,
    "",
    "[Timer]",
    ...toOnCalendar(expression).map((value) => `OnCalendar=${value}`),
    ...delay,
    ...missed,
    "",
    "[Install]",
    "WantedBy=timers.target",
  ]);
}

export const surroundings = [
  `Environment=PATH=${searchPath}`,
  "UMask=0027",
  "Nice=10",
  "CPUSchedulingPolicy=batch",
  "IOSchedulingClass=best-effort",
  "IOSchedulingPriority=7",
  "LogRateLimitIntervalSec=0",
];

/** For what has nothing to do with drills, which restore into /var/tmp. */
export const ownTmp = "PrivateTmp=yes";

export const hardening = [
  "",
  "# It reads every file, whoever owns it, and talks to Docker; beyond that it needs little of what root may do.",
  "# SYS_ADMIN removes snapshots, SYS_PTRACE finds the children of a dead run, SETUID asks PostgreSQL as its own user.",
  "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER CAP_FSETID CAP_SETFCAP CAP_KILL CAP_SETUID CAP_SETGID CAP_SYS_NICE CAP_SYS_PTRACE CAP_SYS_ADMIN",
  "NoNewPrivileges=yes",
  "# Not strict: a store that is added later must not fail for a path that is missing here.",
  "ProtectSystem=full",
  "# No RestrictSUIDSGID=yes: copies of a stack's data and what a drill restores bring their set-id bits along.",
  "# Instead of PrivateDevices=yes: snapshots of ZFS need its device.",
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
export function quoteForUnit(words: readonly string[]): string {
  return words
    .map((word) => {
      const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
      return /^[A-Za-z0-9_./:=@%+$-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll(/["\\]/g, "\\$&")}"`;
    })
    .join(" ");
}

export function joinLines(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
