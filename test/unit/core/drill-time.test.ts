import { expect, test } from "bun:test";
import { parseCronExpression } from "#lib/core/cron-expression.ts";
import { planDrillTime } from "#lib/core/drill-time.ts";

function drillOf(times: string, minute: number): string {
  const expression = parseCronExpression(times);
  if ("problem" in expression || expression.kind === "boot") throw new Error("No times");
  return planDrillTime(expression, minute);
}

test.each([
  ["0 3 * * *", 30, "30 5 * * 0"],
  ["7 3,11,19 * * *", 22, "22 5 * * 0"],
  // Two hours after it, and two before the next.
  ["0 4 * * *", 30, "30 6 * * 0"],
  ["30 6 * * *", 30, "30 8 * * 0"],
  ["0 5,9,13 * * 1-5", 0, "0 7 * * 0"],
  // Where none is so far away, the farthest.
  ["0 * * * *", 30, "30 5 * * 0"],
  ["0 */3 * * *", 30, "30 7 * * 0"],
  ["* * * * *", 12, "12 5 * * 0"],
])("planDrillTime() of a backup at %j, in minute %i, is %j", (times, minute, expected) => {
  expect(drillOf(times, minute)).toBe(expected);
});
