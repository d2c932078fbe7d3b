/**
 * The instants at which cron starts an entry, across changes of the clock.
 *
 * cron(8): when the clock jumps ahead by less than three hours, an entry with a fixed time that was skipped is started right
 * after; when it is set back, such an entry is not started again. One with a `*` in minute or hour goes by the clock as it is.
 */
import { type CronExpression, wallTimes } from "#lib/core/cron-expression.ts";
import { instantsOf, wallOf } from "#lib/core/wall-clock.ts";

const hourMs = 3_600_000;

/** The next `count` starts after `from` in the zone of the machine; fewer when there are no more. */
export function nextStarts(
  expression: CronExpression,
  from: Date,
  timeZone: string,
  count: number,
): readonly Date[] {
  const starts = new Set<number>();
  const after = from.getTime();
  // A wall time of before `from` may come again, or be made up for.
  for (const wall of wallTimes(expression, wallOf(after, timeZone) - 3 * hourMs)) {
    const { instants, isSkipped } = instantsOf(wall, timeZone);
    const served = expression.isFixed ? instants.slice(0, 1) : isSkipped ? [] : instants;
    for (const instant of served) if (instant > after) starts.add(instant);
    if (starts.size < count) continue;
    const last = [...starts].sort((a, b) => a - b)[count - 1];
    if (last !== undefined && wall > wallOf(last, timeZone) + 3 * hourMs) break;
  }
  return [...starts]
    .sort((a, b) => a - b)
    .slice(0, count)
    .map((instant) => new Date(instant));
}
