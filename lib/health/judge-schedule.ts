/** Whether the job starts by itself, from exactly one place. Reported, never repaired: two programs would fight over it. */
import type { HealthFinding } from "#lib/core/health.ts";
import { configOf, placeOf, type ScheduleEntry } from "#lib/core/schedule-entry.ts";
import type { JobView } from "#lib/health/job-view.ts";

const name = "schedule";

export function judgeSchedule(view: JobView): readonly HealthFinding[] {
  const { facts, config, settings } = view;
  const { schedule } = facts;
  if (schedule === undefined) return [];
  const job = facts.jobNames.get(config);
  const clash = schedule.duplicates.find(({ what }) => what === `job ${job}`);
  if (clash !== undefined) {
    const places = clash.entries.map(placeOf).join(" and ");
    const message = `It is started from more than one place: ${places}`;
    const hint = "See schedule show; schedule install --disable-legacy leaves one of them";
    return [{ name, severity: "warning", message, hint }];
  }
  if (schedule.unscheduled.some((one) => one.config === config)) {
    if (!settings.EXPECT_SCHEDULE) return [{ name, severity: "ok", message: "It is started from elsewhere" }];
    return [
      { name, severity: "critical", message: "Nothing starts it", hint: `Run schedule install --job ${job}` },
    ];
  }
  const [entry] = ownEntries(view);
  return [
    {
      name,
      severity: "ok",
      message: entry === undefined ? "It is started" : `It is started by ${placeOf(entry)}`,
    },
  ];
}

/** The entries that start the job's backup. */
export function ownEntries({ facts, config }: JobView): readonly ScheduleEntry[] {
  return facts.entries.filter(
    (entry) => entry.flaw === undefined && entry.backup.role === "backup" && configOf(entry) === config,
  );
}
