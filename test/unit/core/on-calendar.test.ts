import { expect, test } from "bun:test";
import { parseCronExpression } from "#lib/core/cron-expression.ts";
import { nextStarts } from "#lib/core/cron-times.ts";
import { hostMinute } from "#lib/core/host-minute.ts";
import { toOnCalendar } from "#lib/core/on-calendar.ts";
import { nextElapses } from "#lib/cron/calendar.ts";
import { createExec } from "#lib/tools/exec.ts";

const exec = createExec({ PATH: process.env.PATH ?? "" });

function times(text: string) {
  const expression = parseCronExpression(text);
  if ("problem" in expression || expression.kind === "boot") throw new Error(`"${text}" has no times`);
  return expression;
}

test.each([
  ["0 3,11,19 * * *", ["*-*-* 03,11,19:00:00"]],
  ["*/20 2 * * mon-fri", ["Mon,Tue,Wed,Thu,Fri *-*-* 02:00,20,40:00"]],
  ["5 4 1 1,7 *", ["*-01,07-01 04:05:00"]],
  ["0 2 1-7 * 0", ["*-*-01,02,03,04,05,06,07 02:00:00", "Sun *-*-* 02:00:00"]],
  ["0 2 */2 * 0", ["Sun *-*-01,03,05,07,09,11,13,15,17,19,21,23,25,27,29,31 02:00:00"]],
])("toOnCalendar() writes %j as %j", (text, values) => {
  expect(toOnCalendar(times(text))).toEqual(values);
});

test.each([
  "0 3,11,19 * * *",
  "*/20 2 * * mon-fri",
  "0 2 1-7 * 0",
  "0 2 */2 * 0",
  "7 0 29 2 *",
  "* * * * *",
  "30 2 * * 7",
])("systemd starts at the times of toOnCalendar(%j) when cron would start", async (text) => {
  for (const timeZone of ["UTC", "Europe/Berlin"]) {
    const at = { now: new Date("2026-11-21T08:00:30Z"), timeZone };
    const elapses = await nextElapses(exec, toOnCalendar(times(text)), at);
    const moments = new Set([...elapses.values()].flat().map((moment) => moment.getTime()));
    const first = [...moments].toSorted((a, b) => a - b).slice(0, 10);
    expect(first).toEqual(nextStarts(times(text), at.now, timeZone, 10).map((start) => start.getTime()));
  }
});

test("nextElapses() gives no moment for a value that systemd does not understand, and those of the others", async () => {
  const at = { now: new Date("2026-11-21T08:00:30Z"), timeZone: "UTC" };
  const elapses = await nextElapses(exec, ["daily", "nonsense", "*-*-* 03:00:00"], at);
  expect(new Set(elapses.keys())).toEqual(new Set(["nonsense", "daily", "*-*-* 03:00:00"]));
  expect(elapses.get("nonsense")).toEqual([]);
  expect(elapses.get("daily")?.[0]).toEqual(new Date("2026-11-22T00:00:00Z"));
  expect(elapses.get("*-*-* 03:00:00")?.[0]).toEqual(new Date("2026-11-22T03:00:00Z"));
});

test("hostMinute() stays the same for a host and a job, and spreads hosts over the hour", () => {
  expect(hostMinute("web1", "shop")).toBe(hostMinute("web1", "shop"));
  const minutes = Array.from({ length: 600 }, (_, index) => hostMinute(`web${index}`, "backup"));
  expect(new Set(minutes).size).toBe(60);
  const counts = [...new Set(minutes)].map((minute) => minutes.filter((one) => one === minute).length);
  expect(Math.max(...counts)).toBeLessThan(30);
});
