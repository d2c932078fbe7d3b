/** How the last backup ended, whether one died, and whether what it left is still to be put right. */
import type { HealthFinding } from "#lib/core/health.ts";
import { isWholeBackup, type PastRun } from "#lib/core/run-history.ts";
import { formatAgo, type JobView } from "#lib/health/job-view.ts";

export function judgeRuns(view: JobView): readonly HealthFinding[] {
  return [judgeLastRun(view), ...judgeRemains(view)];
}

function judgeLastRun({ record, now }: JobView): HealthFinding {
  const name = "last run";
  const last = lastBackup(record.history.runs);
  if (last === undefined) return { name, severity: "ok", message: "No run is recorded yet" };
  const ago = formatAgo(last.endedAt, now);
  if (last.hasDied === true) {
    const message = `The last run died ${ago}: it was killed, or the machine went down`;
    const hint = "Look for the kernel's OOM killer, a reboot, or a kill -9 at that time";
    return { name, severity: "warning", message, hint };
  }
  if (last.outcome === "complete")
    return { name, severity: "ok", message: `The last run was complete ${ago}` };
  const message = `The last run ended as ${last.outcome} ${ago}: ${last.headline}`;
  return { name, severity: "warning", message, hint: "Its report and the log say more" };
}

function lastBackup(runs: readonly PastRun[]): PastRun | undefined {
  return runs.findLast((run) => isWholeBackup(run) && run.outcome !== "busy");
}

/** The name under which it is remembered. */
export const recoveryFinding = "recovery";

/** The journal of a run that holds no lock is what a recovery could not finish; a run begins with another try. */
function judgeRemains({ record, config, now }: JobView): readonly HealthFinding[] {
  const name = recoveryFinding;
  const { journal, lock } = record;
  if (lock.isHeld) return [];
  if (journal === undefined) return [{ name, severity: "ok", message: "Nothing is left to be recovered" }];
  return [
    {
      name,
      severity: "critical",
      message: `What ${journal.script} left when it died ${formatAgo(journal.startedAt, now)} is not put right: a stack may be down`,
      hint: `Run recover --config '${config}' and look at what it says`,
    },
  ];
}
