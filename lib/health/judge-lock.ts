/** A lock that is held longer than any run may take, and one that was found held too often. */
import { formatDuration } from "#lib/core/duration.ts";
import type { HealthFinding } from "#lib/core/health.ts";
import { busyWindowMs } from "#lib/core/run-history.ts";
import { ageMs, type JobView } from "#lib/health/job-view.ts";

/** A run that is stopped at its limit has this long to clean up and to report. */
const endingMs = 10 * 60_000;
const busyAllowed = 1;

export function judgeLock(view: JobView): readonly HealthFinding[] {
  return [judgeHolder(view), judgeBusy(view)];
}

function judgeHolder({ record, settings, now }: JobView): HealthFinding {
  const name = "lock";
  const { isHeld, holder } = record.lock;
  if (!isHeld) return { name, severity: "ok", message: "No run is under way" };
  if (holder === undefined) {
    return { name, severity: "ok", message: `Another program holds ${settings.LOCK_FILE}` };
  }
  const heldMs = ageMs(holder.startedAt, now);
  const message = `${holder.script} (pid ${holder.pid}) is under way since ${formatDuration(heldMs)}`;
  if (heldMs <= settings.RUN_TIMEOUT + endingMs) return { name, severity: "ok", message };
  return {
    name,
    severity: "critical",
    message: `${message}, RUN_TIMEOUT is ${formatDuration(settings.RUN_TIMEOUT)}: it should have ended itself`,
    hint: `Look at it (ps -fp ${holder.pid}), and at mounts that do not answer; no backup is made as long as it lives`,
  };
}

function judgeBusy({ record, now }: JobView): HealthFinding {
  const name = "busy";
  const recent = record.history.runs.filter(
    ({ outcome, endedAt }) => outcome === "busy" && ageMs(endedAt, now) < busyWindowMs,
  );
  const span = formatDuration(busyWindowMs);
  const message =
    recent.length === 0
      ? `No run of the last ${span} found the lock held`
      : `${recent.length} of the runs of the last ${span} found the lock held`;
  const figure = { value: recent.length, unit: "c", limit: busyAllowed } as const;
  if (recent.length <= busyAllowed) return { name, severity: "ok", message, figure };
  const hint =
    "Does it start from two places (schedule show), or take longer than the pause between its starts?";
  return { name, severity: "warning", message, figure, hint };
}
