/** State that cannot be read says nothing, and nothing is not good news. */
import type { HealthFinding } from "#lib/core/health.ts";
import type { JobView } from "#lib/health/job-view.ts";

export function judgeState({ record }: JobView): readonly HealthFinding[] {
  const name = "state";
  const { unreadableCount } = record.history;
  const lines = unreadableCount === 1 ? "1 line" : `${unreadableCount} lines`;
  const problems = [
    ...record.problems,
    ...(unreadableCount === 0 ? [] : [`${lines} of the history cannot be understood`]),
  ];
  if (problems.length === 0)
    return [{ name, severity: "ok", message: "What runs have recorded can be read" }];
  // A line that a power failure cut off is passed over by itself.
  const severity = record.problems.length === 0 ? "ok" : "warning";
  return [
    { name, severity, message: problems.join("; "), hint: "Look at STATE_DIR; the next run writes it anew" },
  ];
}
