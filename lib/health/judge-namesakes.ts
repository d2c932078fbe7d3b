/** Two configurations that keep one record: what a run of the one writes down looks as if the other were well. */
import type { HealthFinding } from "#lib/core/health.ts";
import type { JobView } from "#lib/health/job-view.ts";

export function judgeNamesakes({ config, settings, facts }: JobView): readonly HealthFinding[] {
  const namesakes = facts.namesakes.get(config) ?? [];
  if (namesakes.length === 0) return [];
  const { JOB, STATE_DIR } = settings;
  const message = `It keeps the same record as ${namesakes.join(" and ")}, JOB=${JOB} in ${STATE_DIR}: they cannot be told apart`;
  const hint = "Give each a JOB of its own, and a LOCK_FILE; it begins with no set then";
  return [{ name: "namesake", severity: "critical", message, hint }];
}
