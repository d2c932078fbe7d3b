import { expect, test } from "bun:test";
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import { judgeMachine } from "#lib/health/judge-machine.ts";

const quiet = { entries: [], schedule: undefined, scheduleProblems: [] };

function entryOf(config: string | undefined, changes: Partial<ScheduleEntry> = {}): ScheduleEntry {
  return {
    ...{ source: "cron.d", file: `/etc/cron.d/${config}`, line: 8, user: "root", timings: [], when: "" },
    ...{ command: "", flaw: undefined },
    backup: { role: "backup", program: "backup-run.ts", config, lockFile: undefined, identity: "" },
    ...changes,
  };
}

test("judgeMachine() is critical of a machine without a job, and says nothing of one that is well", () => {
  expect(judgeMachine([], quiet)).toMatchObject([{ name: "jobs", severity: "critical" }]);
  expect(judgeMachine([{ config: "/etc/lastgood/shop.env" }], quiet)).toEqual([]);
});

test("judgeMachine() misses the configuration of a job that is still started", () => {
  const jobs = [{ config: "/etc/lastgood/shop.env" }];
  const recovery = { ...entryOf("gone").backup, role: "recovery" } as const;
  const entries = [
    entryOf("shop"),
    entryOf("gone"),
    entryOf("/etc/lastgood/away.env"),
    // Not looked at, told of as another's, or told of already.
    entryOf("/srv/shop/backup.env"),
    entryOf("hers", { user: "deploy" }),
    entryOf(undefined),
    entryOf("gone", { backup: recovery }),
    entryOf("gone", { flaw: "a dot in its name" }),
  ];
  const findings = judgeMachine(jobs, { ...quiet, entries });
  expect(findings.map(({ name, severity }) => [name, severity])).toEqual([
    ["entry /etc/cron.d/gone:8", "critical"],
    ["entry /etc/cron.d//etc/lastgood/away.env:8", "critical"],
    ["jobs of deploy", "warning"],
  ]);
  expect(findings[0]?.message).toContain('"/etc/lastgood/gone.env", and there is no such configuration');
});

test("judgeMachine() says what keeps the schedule from starting once, and each under a name of its own", () => {
  const scheduleProblems = [
    "Cron is not installed: nothing in its files starts",
    'Cannot read "/etc/crontab": Permission denied',
    "something without a reason",
  ];
  const findings = judgeMachine([{ config: "/etc/lastgood/shop.env" }], { ...quiet, scheduleProblems });
  expect(findings.map(({ name, message }) => [name, message])).toEqual([
    ["Cron is not installed", "nothing in its files starts"],
    ['Cannot read "/etc/crontab"', "Permission denied"],
    ["schedule", "something without a reason"],
  ]);
});

test("judgeMachine() warns of backups of another user that nothing checks, once a user", () => {
  const jobs = [{ config: "/etc/lastgood/shop.env" }];
  const check = { ...entryOf(undefined).backup, role: "check", program: "health-check.ts" } as const;
  const namesOf = (...entries: readonly ScheduleEntry[]) =>
    judgeMachine(jobs, { ...quiet, entries }).map(({ name, message }) => [name, message]);
  const hers = [entryOf("photos", { user: "ann" }), entryOf("music", { user: "ann" })];
  expect(namesOf(...hers)).toEqual([
    [
      "jobs of ann",
      "Nothing checks whether the backups of ann work: /etc/cron.d/photos:8, /etc/cron.d/music:8",
    ],
  ]);
  const ofAnn = entryOf(undefined, { user: "ann", backup: check });
  expect(namesOf(...hers, ofAnn)).toEqual([]);
  // A drill is no check of all that she has, and what never starts is none.
  const drill = { ...check, program: "restore.ts" };
  expect(namesOf(...hers, { ...ofAnn, backup: drill }, { ...ofAnn, flaw: "a dot" })).toHaveLength(1);
  expect(namesOf(...hers, entryOf(undefined, { user: "bob", backup: check }))).toHaveLength(1);
  expect(namesOf(entryOf("/etc/lastgood/shop.env", { user: "ann" }))).toEqual([]);
});
