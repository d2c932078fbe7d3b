import { expect, test } from "bun:test";
import { recogniseBackup } from "#lib/core/backup-command.ts";
import { parseCronExpression } from "#lib/core/cron-expression.ts";
import { placeOf, type ScheduleEntry } from "#lib/core/schedule-entry.ts";
import { findRivals, judgeSchedule, type ScheduledJob } from "#lib/core/schedule-judgement.ts";

const at = { now: new Date("2026-11-21T08:00:00Z"), timeZone: "UTC" };
const shop: ScheduledJob = {
  name: "shop",
  config: "/etc/lastgood/shop.env",
  lockFile: "/run/lock/lastgood-shop.lock",
};
const backup: ScheduledJob = {
  name: "backup",
  config: "/etc/lastgood/backup.env",
  lockFile: "/run/lock/backup-run.lock",
};

function entry(
  place: string,
  when: string,
  command: string,
  changes: Partial<ScheduleEntry> = {},
): ScheduleEntry {
  const [file = "", line] = place.split(":");
  const expression = parseCronExpression(when);
  const found = recogniseBackup(command);
  if ("problem" in expression || found === undefined) throw new Error(`"${command}" is no backup`);
  return {
    source: "cron.d",
    file,
    line: line === undefined ? undefined : Number(line),
    user: "root",
    when,
    command,
    timings: [expression.kind === "boot" ? expression : { kind: "cron", expression }],
    backup: found,
    flaw: undefined,
    ...changes,
  };
}

const ours = (place: string, when: string, job = "shop") =>
  entry(place, when, `bun /x/backup-run.ts --config ${job}`);
const legacy = (place: string, when: string) => entry(place, when, "/x/backup-run.sh");

const duplicatesOf = (entries: readonly ScheduleEntry[], ...jobs: readonly ScheduledJob[]) =>
  judgeSchedule(entries, jobs, at).duplicates.map(({ what, entries: members, together }) => [
    what,
    members.map(placeOf),
    together.map((start) => start.toISOString().slice(5, 16)),
  ]);

test("judgeSchedule() finds a job that two files start, and when they meet", () => {
  expect(duplicatesOf([ours("/a:1", "0 3,11 * * *"), ours("/b:1", "0 11,19 * * *")], shop)).toEqual([
    ["job shop", ["/a:1", "/b:1"], ["11-21T11:00", "11-22T11:00", "11-23T11:00"]],
  ]);
});

test("judgeSchedule() finds a job that two files start at different times", () => {
  expect(duplicatesOf([ours("/a:1", "0 3 * * *"), ours("/b:1", "0 4 * * *")], shop)).toEqual([
    ["job shop", ["/a:1", "/b:1"], []],
  ]);
});

test("judgeSchedule() takes lines of one file that never meet for a schedule, and those that do for a duplicate", () => {
  expect(duplicatesOf([ours("/a:1", "0 3 * * *"), ours("/a:2", "0 19 * * *")], shop)).toEqual([]);
  expect(duplicatesOf([ours("/a:1", "0 3 * * *"), ours("/a:2", "0 * * * 0")], shop)).toMatchObject([
    ["job shop", ["/a:1", "/a:2"], expect.anything()],
  ]);
});

test("judgeSchedule() knows a job by its name and by its path, and keeps that of another user apart", () => {
  expect(
    duplicatesOf([ours("/a:1", "0 3 * * *"), ours("/b:1", "0 3 * * *", "/etc/lastgood/shop.env")], shop),
  ).toHaveLength(1);
  expect(
    duplicatesOf([ours("/a:1", "0 3 * * *"), { ...ours("/b:1", "0 3 * * *"), user: "deploy" }], shop),
  ).toEqual([]);
});

test("judgeSchedule() takes a legacy script for the job that has its lock", () => {
  const entries = [ours("/a:1", "0 3 * * *", "backup"), legacy("/b:1", "0 3 * * *")];
  expect(duplicatesOf(entries, backup, shop)).toMatchObject([
    ["job backup", ["/a:1", "/b:1"], expect.anything()],
  ]);
  expect(duplicatesOf(entries, { ...backup, lockFile: "/run/lock/other.lock" })).toEqual([]);
});

test("judgeSchedule() does not count what never starts", () => {
  const dotted = { ...ours("/a.old:1", "0 3 * * *"), flaw: "cron ignores names with a dot" };
  const judgement = judgeSchedule([ours("/a:1", "0 3 * * *"), dotted], [shop], at);
  expect(judgement.duplicates).toEqual([]);
  expect(judgement.ignored).toEqual([dotted]);
  expect(judgeSchedule([dotted], [shop], at).unscheduled).toEqual([shop]);
});

test("judgeSchedule() names jobs that nothing starts; a recovery at boot starts none", () => {
  const recovery = entry("/a:2", "@reboot", "bun /x/recover.ts --config shop");
  expect(judgeSchedule([recovery], [shop, backup], at).unscheduled).toEqual([shop, backup]);
  expect(judgeSchedule([recovery, ours("/a:1", "0 3 * * *")], [shop], at).unscheduled).toEqual([]);
});

test("judgeSchedule() lets checks of one file meet, and tells of one in two files", () => {
  const check = (place: string, when: string) => entry(place, when, "/x/backup-health-check.sh");
  expect(duplicatesOf([check("/a:1", "*/30 * * * *"), check("/a:2", "0 8 * * *")])).toEqual([]);
  expect(duplicatesOf([check("/a:1", "*/30 * * * *"), check("/b:1", "0 8 * * *")])).toHaveLength(1);
});

test("judgeSchedule() tells of different backups that start together, once, and not of duplicates", () => {
  const restic = entry("/c:1", "0 3 * * 0", "restic backup /");
  const { overlaps, duplicates } = judgeSchedule(
    [ours("/a:1", "0 3 * * *"), restic, ours("/b:1", "0 5 * * *")],
    [shop],
    at,
  );
  expect(overlaps.map(({ entries }) => entries.map(placeOf))).toEqual([["/a:1", "/c:1"]]);
  expect(duplicates).toHaveLength(1);
});

test("findRivals() finds what starts the job, and the legacy check that would put its line back", () => {
  const entries = [
    ours("/a:1", "0 3 * * *", "backup"),
    ours("/a:2", "0 3 * * *", "shop"),
    legacy("/b:1", "0 3 * * *"),
    entry("/b:2", "0 8 * * *", "/x/backup-health-check.sh"),
    entry("/b:3", "@reboot", "bun /x/recover.ts"),
    entry("/b:4", "0 3 * * *", "restic backup /"),
    { ...legacy("/b.old:1", "0 3 * * *"), flaw: "cron ignores names with a dot" },
  ];
  expect(findRivals(entries, backup).map(placeOf)).toEqual(["/a:1", "/b:1", "/b:2"]);
  expect(findRivals(entries, shop).map(placeOf)).toEqual(["/a:2"]);
});
