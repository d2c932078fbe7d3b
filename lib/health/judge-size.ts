/** Whether a component of the last set has a size that does not fit in with those before it. */
import type { HealthFinding } from "#lib/core/health.ts";
import { isWholeBackup } from "#lib/core/run-history.ts";
import { judgeSize as judgeOne } from "#lib/core/size-history.ts";
import type { JobView } from "#lib/health/job-view.ts";

export function judgeSize({ record, settings }: JobView): readonly HealthFinding[] {
  const name = "size";
  const runs = record.history.runs
    .filter((run) => isWholeBackup(run) && run.parts.some(({ bytesIn }) => bytesIn !== undefined))
    .toReversed();
  const [last, ...earlier] = runs;
  if (last === undefined) return [{ name, severity: "ok", message: "No set was made yet" }];
  const odd = last.parts.flatMap((part) => {
    if (part.bytesIn === undefined) return [];
    const before = earlier.flatMap(({ parts }) =>
      parts.flatMap((one) => (one.kind === part.kind && one.name === part.name ? (one.bytesIn ?? []) : [])),
    );
    const { doubt, note } = judgeOne(part.bytesIn, before, settings.SIZE_ALERT_PERCENT);
    const text = doubt ?? note;
    return text === undefined ? [] : [`${part.name}: ${text}`];
  });
  if (odd.length === 0) return [{ name, severity: "ok", message: "The last set has its usual size" }];
  const hint =
    "Was much deleted or added? If so, it is usual after some more runs; SIZE_ALERT_PERCENT is the limit";
  return [{ name, severity: "warning", message: `The last set is unusual: ${odd.join("; ")}`, hint }];
}
