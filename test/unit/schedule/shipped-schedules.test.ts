import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CronExpression, parseCronExpression } from "#lib/core/cron-expression.ts";
import { isCronName, parseCrontab } from "#lib/core/crontab.ts";
import { parseUnitFile } from "#lib/core/unit-file.ts";
import { formatCronFile } from "#lib/schedule/format-cron-file.ts";
import { formatHealthCronFile, formatHealthUnits } from "#lib/schedule/format-health.ts";
import { rotates } from "#lib/schedule/format-logrotate.ts";
import { formatUnits } from "#lib/schedule/format-units.ts";
import { cronPathOf, isOwnHealthText, isOwnText, type SchedulePlan } from "#lib/schedule/schedule-plan.ts";
import { projectDirectory } from "#test/support/sandbox.ts";
import { renderSchedules } from "../../../docs/write-schedules.ts";

function readTimes(text: string): CronExpression {
  const expression = parseCronExpression(text);
  if ("problem" in expression || expression.kind === "boot") throw new Error("No times");
  return expression;
}

const plan: SchedulePlan = {
  job: "shop.eu",
  expression: readTimes("30 2 1 * 0"),
  drill: readTimes("5 6 * * 0"),
  delayMinutes: undefined,
  launcher: ["/opt/100% bun/$bin/bun", "run"],
  scripts: "/opt/it's good",
  logFile: "/var/log/backup-run.log",
  runTimeoutMs: 3_600_000,
  busyExit: 0,
};

test("cron.d and systemd hold what the code writes (`bun docs/write-schedules.ts` writes them)", () => {
  const rendered = renderSchedules();
  for (const [path, text] of rendered) expect(readFileSync(join(projectDirectory, path), "utf8")).toBe(text);
  const units = readdirSync(join(projectDirectory, "systemd")).map((name) => `systemd/${name}`);
  expect(units.filter((path) => !rendered.has(path))).toEqual([]);
});

test("cron passes over no entry in cron.d", () => {
  const directory = join(projectDirectory, "cron.d");
  for (const name of readdirSync(directory)) {
    expect([name, isCronName(name)]).toEqual([name, true]);
    const { flaw, notes, lines } = parseCrontab(readFileSync(join(directory, name), "utf8"), true);
    expect([name, flaw, notes, lines.length > 0]).toEqual([name, undefined, [], true]);
  }
});

test("formatCronFile() quotes for the shell, and for cron, which ends a line at a percent sign", () => {
  const text = formatCronFile(plan);
  const { lines, flaw } = parseCrontab(text, true);
  expect(flaw).toBeUndefined();
  expect(lines.map(({ when, user, command }) => [when, user, command])).toEqual([
    [
      "30 2 1 * 0",
      "root",
      "'/opt/100% bun/$bin/bun' run '/opt/it'\\''s good/backup-run.ts' --config shop.eu",
    ],
    ["@reboot", "root", "'/opt/100% bun/$bin/bun' run '/opt/it'\\''s good/recover.ts' --config shop.eu"],
    [
      "5 6 * * 0",
      "root",
      "'/opt/100% bun/$bin/bun' run '/opt/it'\\''s good/restore.ts' drill --config shop.eu",
    ],
  ]);
  expect(text).toContain("'/opt/100\\% bun/");
});

test("formatUnits() quotes for systemd, and asks for either day by two values", () => {
  const units = formatUnits(plan);
  const service = parseUnitFile([units.get("lastgood-shop.eu.service") ?? ""]);
  expect(service.get("Service.ExecStart")).toEqual([
    '"/opt/100%% bun/$$bin/bun" run "/opt/it\'s good/backup-run.ts" --config shop.eu',
  ]);
  expect(service.get("Service.TimeoutStartSec")).toEqual(["75min"]);
  expect(service.get("Service.SuccessExitStatus")).toBeUndefined();
  const timer = parseUnitFile([units.get("lastgood-shop.eu.timer") ?? ""]);
  expect(timer.get("Timer.OnCalendar")).toEqual(["*-*-01 02:30:00", "Sun *-*-* 02:30:00"]);
  expect(timer.get("Timer.RandomizedDelaySec")).toBeUndefined();
  const drill = parseUnitFile([units.get("lastgood-drill-shop.eu.timer") ?? ""]);
  expect(drill.get("Timer.OnCalendar")).toEqual(["Sun *-*-* 06:05:00"]);
  expect([...formatUnits({ ...plan, drill: undefined }).keys()].join()).not.toContain("drill");
});

test("cronPathOf() has no dot, and isOwnText() keeps jobs apart whose paths would be the same", () => {
  expect(cronPathOf("shop.eu")).toBe("/etc/cron.d/lastgood-shop_eu");
  expect(isOwnText(formatCronFile(plan), "shop.eu")).toBe(true);
  expect(isOwnText(formatCronFile(plan), "shop_eu")).toBe(false);
  expect(isOwnText('# for the job "shop.eu"\n', "shop.eu")).toBe(false);
});

test("isOwnHealthText() knows the health check's files, which are those of no job", () => {
  const health = { ...plan, expression: readTimes("*/30 * * * *") };
  const texts = [formatHealthCronFile(health), ...formatHealthUnits(health).values()];
  for (const text of texts) {
    expect([isOwnHealthText(text), isOwnText(text, "health"), isOwnText(text, "shop.eu")]).toEqual([
      true,
      false,
      false,
    ]);
  }
  expect(isOwnHealthText(formatCronFile({ ...plan, job: "health" }))).toBe(false);
});

test.each([
  ["/var/log/backup-run.log {\n weekly\n}\n", true],
  ['"/var/log/backup-run.log" /var/log/x {\n}\n', true],
  ["/var/log/*.log {\n}\n", true],
  ["# /var/log/backup-run.log\n/var/log/x.log {}\n", false],
  ["/var/log/*/*.log {\n}\n", false],
  ["/var/log/backup-run.log.old {}\n", false],
  ["/var/log/[ {}\n", false],
])("rotates() says of %j whether it has the log: %p", (text, isRotated) => {
  expect(rotates(text, "/var/log/backup-run.log")).toBe(isRotated);
});

test("the units of a drill and of the recovery see the /var/tmp that docker sees", () => {
  const has = (unit: string) =>
    /^PrivateTmp=yes$/m.test(
      readFileSync(join(projectDirectory, `systemd/lastgood-${unit}.service`), "utf8"),
    );
  expect(["drill-backup", "recover-backup", "backup", "health"].map(has)).toEqual([false, false, true, true]);
});
