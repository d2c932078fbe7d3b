import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CronExpression, parseCronExpression } from "#lib/core/cron-expression.ts";

function times(text: string): CronExpression {
  const expression = parseCronExpression(text);
  if ("problem" in expression || expression.kind === "boot") throw new Error(`"${text}" has no times`);
  return expression;
}

const taken = [
  "0 3,11,19 * * *",
  "*/15 * * * *",
  "0-30/10 2 * * *",
  "* * * * mon-fri",
  "0 0 1 jan *",
  "0 0 * * 7",
  "0 0 * * 5-7",
  "5-1 * * * *",
  "*/90 * * * *",
  "0 2 30 2 *",
  "@daily",
  "@midnight",
  "@hourly",
  "@weekly",
  "@monthly",
  "@yearly",
  "@annually",
  "@reboot",
];

const refused: readonly (readonly [string, string])[] = [
  ["5/15 * * * *", "bad minute"],
  ["60 * * * *", "bad minute"],
  ["1,2,,3 * * * *", "bad minute"],
  ["? * * * *", "bad minute"],
  ["H * * * *", "bad minute"],
  ["~ * * * *", "bad minute"],
  ["*/0 * * * *", "bad minute"],
  ["0 24 * * *", "bad hour"],
  ["0 0 0 * *", "bad day-of-month"],
  ["0 0 L * *", "bad day-of-month"],
  ["0 0 * 13 *", "bad month"],
  ["0 0 * * sunday", "bad day-of-week"],
  ["@every_minute", "bad time specifier"],
  ["@Reboot", "bad time specifier"],
];

test.each(taken)("parseCronExpression() takes %j", (text) => {
  expect(parseCronExpression(text)).not.toHaveProperty("problem");
});

test.each(refused)("parseCronExpression() refuses %j: %s", (text, problem) => {
  expect(parseCronExpression(text)).toEqual({ problem });
});

test.each(["", "0 3 * *", "0 3 * * * *"])("parseCronExpression() asks for five fields in %j", (text) => {
  expect(parseCronExpression(text)).toEqual({ problem: "5 fields required" });
});

describe("Debian's crontab(1)", () => {
  const check = (text: string): boolean => {
    const directory = mkdtempSync(join(tmpdir(), "lastgood-"));
    try {
      const file = join(directory, "crontab");
      writeFileSync(file, `${text} true\n`);
      return spawnSync("crontab", ["-n", file]).status === 0;
    } finally {
      rmSync(directory, { recursive: true });
    }
  };

  test("takes what parseCronExpression() takes, and refuses what it refuses", () => {
    expect(taken.filter((text) => !check(text))).toEqual([]);
    expect(refused.map(([text]) => text).filter(check)).toEqual([]);
  });
});

test("parseCronExpression() takes either day when both are restricted, and both when one begins with a star", () => {
  expect(times("0 2 1-7 * 0").isEitherDay).toBe(true);
  expect(times("0 2 */2 * 1").isEitherDay).toBe(false);
  expect(times("0 2 * * 1").isEitherDay).toBe(false);
});

test("parseCronExpression() knows which times are fixed: those without a star in minute and hour", () => {
  expect(
    ["30 2 * * *", "*/30 2 * * *", "30 * * * *", "0-59 2 * * *"].map((text) => times(text).isFixed),
  ).toEqual([true, false, false, true]);
});

test("parseCronExpression() says of a date that never comes that it never does", () => {
  expect(
    ["0 2 30 2 *", "5-1 * * * *", "0 2 29 2 *", "0 2 30 2 1"].map((text) => times(text).isNever),
  ).toEqual([true, true, false, false]);
});

test("parseCronExpression() knows Sunday by 0, by 7 and by name", () => {
  for (const text of ["0 0 * * 0", "0 0 * * 7", "0 0 * * SUN"]) expect(times(text).daysOfWeek).toEqual([0]);
});
