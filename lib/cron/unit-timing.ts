/** When a timer starts its service, by its file and by what systemd makes of its calendars. */
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import { parseTimeSpan } from "#lib/core/time-span.ts";
import type { UnitFile } from "#lib/core/unit-file.ts";
import type { Unit } from "#lib/cron/unit-files.ts";

/** Those that come once, and those that come again and again. */
const onceKeys = ["OnBootSec", "OnStartupSec", "OnActiveSec"];
const repeatedKeys = ["OnUnitActiveSec", "OnUnitInactiveSec"];

export function calendarsOf(unit: UnitFile): readonly string[] {
  return unit.get("Timer.OnCalendar") ?? [];
}

/** `flaw` is that of its calendars: none of them has a date that is to come. */
export function timingOf(
  unit: UnitFile,
  elapses: ReadonlyMap<string, readonly Date[]>,
): Pick<ScheduleEntry, "timings" | "when" | "flaw"> {
  const expressions = calendarsOf(unit);
  const intervals = [...onceKeys, ...repeatedKeys].flatMap((key) =>
    (unit.get(`Timer.${key}`) ?? []).map((value) => ({
      kind: "interval" as const,
      text: `${key}=${value}`,
      periodMs: repeatedKeys.includes(key) ? parseTimeSpan(value) : undefined,
    })),
  );
  const delay = unit.get("Timer.RandomizedDelaySec")?.at(-1);
  const moments = new Set(expressions.flatMap((one) => elapses.get(one) ?? []).map((at) => at.getTime()));
  const next = [...moments].sort((a, b) => a - b).map((at) => new Date(at));
  const isOver = expressions.length > 0 && expressions.every((one) => elapses.get(one)?.length === 0);
  return {
    timings: [
      ...(expressions.length === 0 ? [] : [{ kind: "calendar", expressions, next } as const]),
      ...intervals,
    ],
    when: [
      ...expressions,
      ...intervals.map(({ text }) => text),
      ...(delay === undefined ? [] : [`up to ${delay} later`]),
    ].join(", "),
    flaw: isOver && intervals.length === 0 ? `no date to come matches ${expressions.join(", ")}` : undefined,
  };
}

/** Why a timer never elapses, whatever it says. `active`: the timers that run now, where systemd could be asked. */
export function flawOfTimer(
  { name, isMasked }: Pick<Unit, "name" | "isMasked">,
  isEnabled: boolean,
  active: ReadonlySet<string> | undefined,
): string | undefined {
  if (isMasked) return "the timer is masked";
  if (active?.has(name) ?? isEnabled) return undefined;
  return isEnabled
    ? `the timer is enabled, and not started: systemctl start ${name}`
    : "the timer is not enabled";
}
