import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseCronExpression } from "#lib/core/cron-expression.ts";
import { nextStarts } from "#lib/core/cron-times.ts";
import { formatWall, nextJumps } from "#lib/core/wall-clock.ts";

function starts(text: string, from: string, timeZone: string, count: number): string[] {
  const expression = parseCronExpression(text);
  if ("problem" in expression || expression.kind === "boot") throw new Error(`"${text}" has no times`);
  return nextStarts(expression, new Date(from), timeZone, count).map((start) => formatWall(start, timeZone));
}

const berlin = "Europe/Berlin";

test("nextStarts() gives the starts after a moment, not that moment itself", () => {
  expect(starts("0 3,11,19 * * *", "2026-11-21T11:00:00Z", "UTC", 3)).toEqual([
    "Sat 2026-11-21 19:00 +0000",
    "Sun 2026-11-22 03:00 +0000",
    "Sun 2026-11-22 11:00 +0000",
  ]);
});

test("nextStarts() starts a fixed time that the clock skipped right after the jump", () => {
  expect(starts("30 2 * * *", "2026-03-28T00:00:00Z", berlin, 3)).toEqual([
    "Sat 2026-03-28 02:30 +0100",
    "Sun 2026-03-29 03:00 +0200",
    "Mon 2026-03-30 02:30 +0200",
  ]);
  expect(starts("30 2 * * *", "2026-03-29T00:45:00Z", berlin, 1)).toEqual(["Sun 2026-03-29 03:00 +0200"]);
});

test("nextStarts() starts a fixed time once when the clock shows it twice", () => {
  expect(starts("30 2 * * *", "2026-10-24T12:00:00Z", berlin, 2)).toEqual([
    "Sun 2026-10-25 02:30 +0200",
    "Mon 2026-10-26 02:30 +0100",
  ]);
  expect(starts("30 2 * * *", "2026-10-25T00:45:00Z", berlin, 1)).toEqual(["Mon 2026-10-26 02:30 +0100"]);
});

test("nextStarts() goes by the clock as it is where a star stands for the hour", () => {
  expect(starts("30 * * * *", "2026-10-24T23:45:00Z", berlin, 4)).toEqual([
    "Sun 2026-10-25 02:30 +0200",
    "Sun 2026-10-25 02:30 +0100",
    "Sun 2026-10-25 03:30 +0100",
    "Sun 2026-10-25 04:30 +0100",
  ]);
  // Each minute comes twice, and those of the first time come first.
  expect(starts("*/30 * * * *", "2026-10-24T23:45:00Z", berlin, 2)).toEqual([
    "Sun 2026-10-25 02:00 +0200",
    "Sun 2026-10-25 02:30 +0200",
  ]);
  expect(starts("30 * * * *", "2026-03-29T00:15:00Z", berlin, 2)).toEqual([
    "Sun 2026-03-29 01:30 +0100",
    "Sun 2026-03-29 03:30 +0200",
  ]);
});

test("nextStarts() takes day 1 to 7 and every Sunday, where a first Sunday was meant", () => {
  expect(starts("0 2 1-7 * 0", "2026-11-05T12:00:00Z", "UTC", 4)).toEqual([
    "Fri 2026-11-06 02:00 +0000",
    "Sat 2026-11-07 02:00 +0000",
    "Sun 2026-11-08 02:00 +0000",
    "Sun 2026-11-15 02:00 +0000",
  ]);
});

test("nextStarts() wants both days where one of them begins with a star", () => {
  expect(starts("0 2 */2 * 1", "2026-11-01T12:00:00Z", "UTC", 2)).toEqual([
    "Mon 2026-11-09 02:00 +0000",
    "Mon 2026-11-23 02:00 +0000",
  ]);
});

test("nextStarts() finds a leap day, and nothing where no date matches", () => {
  expect(starts("0 0 29 2 *", "2026-11-21T00:00:00Z", "UTC", 1)).toEqual(["Tue 2028-02-29 00:00 +0000"]);
  expect(starts("0 0 30 2 *", "2026-11-21T00:00:00Z", "UTC", 1)).toEqual([]);
});

test("nextStarts() of a fixed daily time has one start on each day of a year, whatever the zone", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: 0, max: 23 }),
      fc.constantFrom(
        berlin,
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "UTC",
        "America/Sao_Paulo",
      ),
      (minute, hour, zone) => {
        const days = starts(`${minute} ${hour} * * *`, "2026-01-01T00:00:00Z", zone, 366).map((start) =>
          start.slice(4, 14),
        );
        expect(new Set(days).size).toBe(days.length);
        expect(days.length).toBe(366);
      },
    ),
    { numRuns: 15 },
  );
});

test("nextJumps() finds both changes of a year, and none in UTC", () => {
  expect(nextJumps(new Date("2026-11-21T00:00:00Z"), berlin).map((jump) => jump.toISOString())).toEqual([
    "2027-03-28T01:00:00.000Z",
    "2027-10-31T01:00:00.000Z",
  ]);
  expect(nextJumps(new Date("2026-11-21T00:00:00Z"), "UTC")).toEqual([]);
});
