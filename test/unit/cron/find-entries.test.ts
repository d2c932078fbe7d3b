import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, linkSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { placeOf, type ScheduleEntry } from "#lib/core/schedule-entry.ts";
import { type FoundEntries, findEntries } from "#lib/cron/find-entries.ts";
import type { Machine } from "#lib/cron/machine.ts";
import { readTimeZone } from "#lib/cron/time-zone.ts";
import { isRoot } from "#test/support/capabilities.ts";
import { createMachineRoot, type MachineRoot, writeIncident } from "#test/support/machine-root.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const at = { now: new Date("2026-11-21T08:00:00Z"), timeZone: "Europe/Berlin" };
const line = "0 3 * * * root /x/backup-run.sh\n";

async function onMachine(body: (machine: MachineRoot) => Promise<void>): Promise<void> {
  await using sandbox = await createSandbox();
  await body(await createMachineRoot(sandbox));
}

const find = ({ machine }: MachineRoot, timeoutMs = machine.timeoutMs): Promise<FoundEntries> =>
  findEntries({ ...machine, timeoutMs }, at);

const flaws = (entries: readonly ScheduleEntry[]) =>
  Object.fromEntries(entries.map((entry) => [placeOf(entry), entry.flaw]));

test("findEntries() finds nothing on a machine without backups", async () => {
  await onMachine(async (machine) => {
    expect(await find(machine)).toEqual({ entries: [], problems: [] });
  });
});

test("findEntries() finds every line of the incident, and the check that put one of them back", async () => {
  await onMachine(async (machine) => {
    await writeIncident(machine);
    const { entries, problems } = await find(machine);
    expect(problems).toEqual([]);
    expect(entries.map((entry) => `${placeOf(entry)} ${entry.user} ${entry.backup.program}`)).toEqual([
      "/etc/cron.d/askproai-backups:2 root backup-run.sh",
      "/etc/cron.d/askproai-backups:3 root backup-run.sh",
      "/etc/cron.d/askproai-backups:4 root backup-run.sh",
      "/var/spool/cron/crontabs/root:2 root backup-run.sh",
      "/var/spool/cron/crontabs/root:3 root backup-health-check.sh",
    ]);
  });
});

test.skipIf(!isRoot)("findEntries() says why cron passes over a file", async () => {
  await onMachine(async (machine) => {
    for (const name of ["good", "dotted.old", "open", "foreign", "linked", "unended", "broken", "ghost"]) {
      await machine.write(`/etc/cron.d/${name}`, line);
    }
    chmodSync(machine.path("/etc/cron.d/open"), 0o664);
    chownSync(machine.path("/etc/cron.d/foreign"), 1000, 1000);
    linkSync(machine.path("/etc/cron.d/linked"), machine.path("/etc/cron.d/linked2"));
    rmSync(machine.path("/etc/cron.d/linked2"));
    linkSync(machine.path("/etc/cron.d/linked"), machine.path("/var/lib/other-name"));
    await machine.write("/home/deploy/crontab", line);
    chownSync(machine.path("/home/deploy/crontab"), 1000, 1000);
    symlinkSync(machine.path("/home/deploy/crontab"), machine.path("/etc/cron.d/link-away"));
    await machine.write("/etc/cron.d/unended", line.trimEnd());
    await machine.write("/etc/cron.d/broken", `${line}0 99 * * * root true\n`);
    for (const name of ["ghost", "ghost.old"])
      await machine.write(`/etc/cron.d/${name}`, line.replace("root", "nobody-here"));
    await machine.write("/var/spool/cron/crontabs/deploy", "0 3 * * * /x/backup-run.sh\n", 0o644);
    await machine.write("/var/spool/cron/crontabs/deleted", "0 3 * * * /x/backup-run.sh\n", 0o600);
    const { entries } = await find(machine);
    expect(flaws(entries)).toEqual({
      "/etc/cron.d/good:1": undefined,
      "/etc/cron.d/dotted.old:1": "cron ignores names with a dot",
      "/etc/cron.d/open:1": "cron ignores a file that others may write",
      "/etc/cron.d/foreign:1": "cron ignores a file that is not root's",
      "/etc/cron.d/link-away:1": "cron ignores a file that is not root's",
      "/etc/cron.d/linked:1": "cron ignores a file with more than one hard link",
      "/etc/cron.d/unended:1": "its last line has no end",
      "/etc/cron.d/broken:1": "line 2: bad hour",
      "/etc/cron.d/ghost:1": 'there is no user "nobody-here"',
      "/etc/cron.d/ghost.old:1": "cron ignores names with a dot",
      "/var/spool/cron/crontabs/deploy:1": "cron ignores a user's crontab whose mode is not 0600",
      "/var/spool/cron/crontabs/deleted:1": 'there is no user "deleted"',
    });
  });
});

test("findEntries() finds scripts of cron.daily by name and by content, and when they start", async () => {
  await onMachine(async (machine) => {
    await machine.write("/etc/cron.daily/nightly", "#!/bin/sh\nexec /x/backup-run.sh\n", 0o755);
    await machine.write("/etc/cron.weekly/proxmox-backup", "#!/bin/sh\n", 0o755);
    await machine.write("/etc/cron.daily/nightly.sh", "#!/bin/sh\nexec /x/backup-run.sh\n", 0o755);
    await machine.write("/etc/cron.daily/off", "#!/bin/sh\nexec /x/backup-run.sh\n", 0o644);
    const { entries } = await find(machine);
    const found = Object.fromEntries(entries.map((entry) => [entry.file, [entry.when, entry.flaw]]));
    expect(found).toEqual({
      "/etc/cron.daily/nightly": ["25 6    * * *", undefined],
      "/etc/cron.weekly/proxmox-backup": ["47 6    * * 7", undefined],
      "/etc/cron.daily/nightly.sh": ["25 6    * * *", "run-parts ignores names with a dot"],
      "/etc/cron.daily/off": ["25 6    * * *", "run-parts ignores a file that is not executable"],
    });
  });
});

test("findEntries() leaves cron.daily to anacron where that is installed", async () => {
  await onMachine(async (machine) => {
    await machine.write("/etc/cron.daily/nightly", "#!/bin/sh\nexec /x/backup-run.sh\n", 0o755);
    await machine.write("/etc/cron.monthly/nightly", "#!/bin/sh\nexec /x/backup-run.sh\n", 0o755);
    await machine.write(
      "/etc/anacrontab",
      "1 5 cron.daily run-parts --report /etc/cron.daily\n7 9 own /x/backup-run.sh\n",
    );
    const without = await find(machine);
    expect(flaws(without.entries)["/etc/anacrontab:2"]).toBe("anacron is not installed");
    await machine.write("/usr/sbin/anacron", "", 0o755);
    const { entries } = await find(machine);
    expect(entries.map(({ file, when, flaw }) => [file, when, flaw])).toEqual([
      ["/etc/cron.daily/nightly", "every day, by anacron", undefined],
      ["/etc/cron.monthly/nightly", "never", "nothing runs /etc/cron.monthly"],
      ["/etc/anacrontab", "every 7 days, by anacron", undefined],
    ]);
    const periods = entries.flatMap(({ timings }) =>
      timings.map((timing) => (timing.kind === "interval" ? timing.periodMs : undefined)),
    );
    expect(periods).toEqual([86_400_000, 7 * 86_400_000]);
  });
});

test("findEntries() finds timers: enabled, an instance, with drop-ins, disabled, masked, and a user's", async () => {
  await onMachine(async (machine) => {
    const units = "/etc/systemd/system";
    const service = "[Service]\nExecStart=-/x/backup-run.sh\n";
    const timer = "[Timer]\nOnCalendar=*-*-* 03:00\nRandomizedDelaySec=1h\n";
    for (const name of ["on", "off", "masked"]) await machine.write(`${units}/${name}.service`, service);
    for (const name of ["on", "off"]) await machine.write(`${units}/${name}.timer`, timer);
    symlinkSync("/dev/null", machine.path(`${units}/masked.timer`));
    await machine.write(`${units}/on.timer.d/override.conf`, "[Timer]\nOnCalendar=\nOnCalendar=Sun 04:00\n");
    await machine.write("/usr/lib/systemd/system/on.timer", timer.replace("03:00", "05:00"));
    await machine.write("/usr/lib/systemd/system/restic@.timer", "[Timer]\nOnUnitActiveSec=1d\n");
    await machine.write(
      "/usr/lib/systemd/system/restic@.service",
      "[Service]\nUser=%i\nExecStart=restic backup /%i\n",
    );
    for (const [name, when] of [
      ["past", "2020-01-01 03:00"],
      ["wrong", "sometimes"],
    ]) {
      await machine.write(`${units}/${name}.service`, service);
      await machine.write(`${units}/${name}.timer`, `[Timer]\nOnCalendar=${when}\n`);
    }
    await machine.write(`${units}/at-boot.service`, service);
    const wants = machine.path(`${units}/timers.target.wants`);
    mkdirSync(wants);
    mkdirSync(machine.path(`${units}/multi-user.target.wants`));
    for (const name of ["on.timer", "masked.timer", "past.timer", "wrong.timer"])
      symlinkSync(`${units}/${name}`, `${wants}/${name}`);
    symlinkSync("/usr/lib/systemd/system/restic@.timer", `${wants}/restic@srv.timer`);
    symlinkSync(`${units}/at-boot.service`, machine.path(`${units}/multi-user.target.wants/at-boot.service`));
    const home = "/home/deploy/.config/systemd/user";
    await machine.write(`${home}/mine.service`, "[Service]\nExecStart=%h/backup-run.sh\n");
    await machine.write(`${home}/mine.timer`, timer);
    const { entries, problems } = await find(machine);
    expect(problems).toEqual([]);
    const found = Object.fromEntries(
      entries.map((entry) => [entry.file, [entry.user, entry.when, entry.flaw]]),
    );
    expect(found).toEqual({
      [`${units}/on.timer`]: ["root", "Sun 04:00, up to 1h later", undefined],
      [`${units}/masked.timer`]: ["root", "", "the timer is masked"],
      [`${units}/past.timer`]: ["root", "2020-01-01 03:00", "no date to come matches 2020-01-01 03:00"],
      [`${units}/wrong.timer`]: ["root", "sometimes", "no date to come matches sometimes"],
      [`${units}/off.timer`]: ["root", "*-*-* 03:00, up to 1h later", "the timer is not enabled"],
      "/usr/lib/systemd/system/restic@.timer": ["srv", "OnUnitActiveSec=1d", undefined],
      [`${units}/at-boot.service`]: ["root", "at boot", undefined],
      [`${home}/mine.timer`]: ["deploy", "*-*-* 03:00, up to 1h later", "the timer is not enabled"],
    });
    const restic = entries.find(({ file }) => file.endsWith("restic@.timer"));
    expect(restic?.timings).toEqual([{ kind: "interval", text: "OnUnitActiveSec=1d", periodMs: 86_400_000 }]);
    const [sunday] = entries.find(({ file }) => file === `${units}/on.timer`)?.timings ?? [];
    expect(sunday?.kind === "calendar" ? sunday.next[0]?.toISOString() : undefined).toBe(
      "2026-11-22T03:00:00.000Z",
    );
  });
});

test("findEntries() says of a user's timer that nobody need be logged in for it, or that somebody must", async () => {
  await onMachine(async (machine) => {
    const home = "/home/deploy/.config/systemd/user";
    await machine.write(`${home}/mine.service`, "[Service]\nExecStart=%h/backup-run.sh\n");
    await machine.write(`${home}/mine.timer`, "[Timer]\nOnCalendar=03:00\n");
    mkdirSync(machine.path(`${home}/timers.target.wants`));
    symlinkSync("../mine.timer", machine.path(`${home}/timers.target.wants/mine.timer`));
    // Another program's is not ours to judge.
    await machine.write(
      `${home}/theirs.service`,
      "[Service]\nExecStart=/usr/bin/restic backup /home/deploy\n",
    );
    await machine.write(`${home}/theirs.timer`, "[Timer]\nOnCalendar=04:00\n");
    symlinkSync("../theirs.timer", machine.path(`${home}/timers.target.wants/theirs.timer`));
    expect((await find(machine)).problems).toEqual([
      `${home}/mine.timer: it starts only while deploy is logged in, until loginctl enable-linger deploy`,
    ]);
    await machine.write("/var/lib/systemd/linger/deploy", "");
    expect((await find(machine)).problems).toEqual([]);
  });
});

/** Whatever is asked about a path waits for ever, as on a share that is gone. */
const hangingAt = ({ machine }: MachineRoot, ...paths: readonly string[]): Machine => ({
  ...machine,
  timeoutMs: 2000,
  exec: (command, options) =>
    machine.exec(
      paths.some((path) => command.some((word) => word.includes(path))) ? ["sleep", "60"] : command,
      options,
    ),
});

test("findEntries() tells of a crontab that does not answer, and finds the others all the same", async () => {
  await onMachine(async (machine) => {
    await machine.write("/etc/cron.d/good", line);
    symlinkSync(machine.path("/var/lib/share-that-is-gone/x"), machine.path("/etc/cron.d/hung"));
    const { entries, problems } = await findEntries(hangingAt(machine, "/etc/cron.d/hung"), at);
    expect(entries.map(placeOf)).toEqual(["/etc/cron.d/good:1"]);
    expect(problems).toEqual(['Cannot read "/etc/cron.d/hung": no answer from the file system']);
  });
});

test("findEntries() reads no pipe, no device and nothing large, and says so", async () => {
  await onMachine(async (machine) => {
    await machine.write("/etc/cron.d/good", line);
    execFileSync("mkfifo", [machine.path("/var/lib/pipe")]);
    for (const [name, target] of Object.entries({
      pipe: machine.path("/var/lib/pipe"),
      directory: machine.path("/var/lib"),
      dangling: "/nonexistent",
      endless: "/dev/zero",
      masked: "/dev/null",
    })) {
      symlinkSync(target, machine.path(`/etc/cron.d/${name}`));
    }
    await machine.write("/etc/cron.d/huge", "#".repeat(1024 * 1024 + 1));
    const { entries, problems } = await find(machine, 2000);
    expect(entries.map(placeOf)).toEqual(["/etc/cron.d/good:1"]);
    expect(new Set(problems)).toEqual(
      new Set([
        'Cannot read "/etc/cron.d/pipe": it is no file',
        'Cannot read "/etc/cron.d/directory": Is a directory',
        'Cannot read "/etc/cron.d/dangling": No such file or directory',
        'Cannot read "/etc/cron.d/huge": too large',
      ]),
    );
  });
});

test("findEntries() starts as many programs for fifty jobs as for one", async () => {
  const counts = new Map<number, number>();
  for (const jobs of [1, 50]) {
    await onMachine(async (machine) => {
      for (let job = 1; job <= jobs; job += 1) await writeEverywhere(machine, `job${job}`);
      let count = 0;
      const exec: Machine["exec"] = (command, options) => {
        count += 1;
        return machine.machine.exec(command, options);
      };
      const { entries, problems } = await findEntries({ ...machine.machine, exec }, at);
      expect(problems).toEqual([]);
      expect(entries.length).toBe(7 * jobs);
      counts.set(jobs, count);
    });
  }
  expect(counts.get(50)).toBe(counts.get(1) ?? 0);
  // Two looks, what the links lead to and three readings with theirs, the calendar of the system's timers and of the users'.
  expect(counts.get(50)).toBeLessThanOrEqual(10);
});

/** A job that a line of cron.d, a crontab, a script, two timers of the system and two of a user start. */
async function writeEverywhere({ write, path, read }: MachineRoot, job: string): Promise<void> {
  await write(`/etc/cron.d/${job}`, line);
  await write("/etc/passwd", `${read("/etc/passwd")}${job}:x:1001:1001::/home/${job}:/bin/sh\n`);
  await write(`/var/spool/cron/crontabs/${job}`, "0 3 * * * /x/backup-run.sh\n", 0o600);
  await write(`/etc/cron.daily/${job}`, "#!/bin/sh\nexec /x/backup-run.sh\n", 0o755);
  for (const directory of ["/etc/systemd/system", `/home/${job}/.config/systemd/user`]) {
    await write(`${directory}/${job}.service`, "[Service]\nExecStart=/x/backup-run.sh\n");
    await write(`${directory}/of-${job}.timer`, `[Timer]\nOnCalendar=daily\nUnit=${job}.service\n`);
    symlinkSync(path(`${directory}/of-${job}.timer`), path(`${directory}/${job}.timer`));
  }
}

test("findEntries() tells of a directory and of a home that do not answer, and finds what lies in the others", async () => {
  await onMachine(async (machine) => {
    await machine.write(
      "/etc/passwd",
      `${machine.read("/etc/passwd")}gone:x:1001:1001::/home/gone:/bin/sh\n`,
    );
    const units = "/home/deploy/.config/systemd/user";
    await machine.write(`${units}/mine.service`, "[Service]\nExecStart=/x/backup-run.sh\n");
    await machine.write(`${units}/mine.timer`, "[Timer]\nOnBootSec=5min\n");
    const hanging = hangingAt(machine, "/home/gone", "/var/spool/cron");
    const { entries, problems } = await findEntries(hanging, at);
    expect(entries.map(({ user }) => user)).toEqual(["deploy"]);
    expect(new Set(problems)).toEqual(
      new Set([
        'Cannot read "/var/spool/cron/crontabs": no answer from the file system',
        'Cannot read "/home/gone/.config/systemd/user": no answer from the file system',
      ]),
    );
  });
}, 30_000);

test("findEntries() says of a backup in a file without one valid line that cron ignores it, and notes a zone", async () => {
  await onMachine(async (machine) => {
    await machine.write("/etc/cron.d/bad", "0 99 * * * root /x/backup-run.sh\n");
    await machine.write("/etc/cron.d/zone", `CRON_TZ=UTC\n${line}`);
    const { problems } = await find(machine);
    expect(problems).toEqual([
      "/etc/cron.d/bad names a backup, and cron ignores the whole file: line 1: bad hour",
      "/etc/cron.d/zone line 1: CRON_TZ moves no start: cron goes by the system's zone",
    ]);
  });
});

test("findEntries() says that cron is not installed where its files wait for it", async () => {
  await onMachine(async (machine) => {
    await machine.write("/etc/cron.d/good", line);
    rmSync(machine.path("/usr/sbin/cron"));
    expect((await find(machine)).problems).toEqual(["Cron is not installed: nothing in its files starts"]);
  });
});

test("findEntries() takes names with blanks, quotes and line breaks as they are", async () => {
  await onMachine(async (machine) => {
    for (const name of ["a b", "c'd\"", "e\nf", "$(touch x)", "-rf"])
      await machine.write(`/etc/cron.d/${name}`, line);
    const { entries } = await find(machine);
    expect(new Set(entries.map(({ file }) => file))).toEqual(
      new Set(["a b", "c'd\"", "e\nf", "$(touch x)", "-rf"].map((name) => `/etc/cron.d/${name}`)),
    );
    expect(flaws(entries)["/etc/cron.d/-rf:1"]).toBeUndefined();
  });
});

test("readTimeZone() goes by /etc/localtime, then by /etc/timezone, then by UTC", async () => {
  await onMachine(async (machine) => {
    expect(await readTimeZone(machine.machine)).toBe("Europe/Berlin");
    symlinkSync("/usr/share/zoneinfo/America/New_York", machine.path("/etc/localtime"));
    expect(await readTimeZone(machine.machine)).toBe("America/New_York");
    rmSync(machine.path("/etc/localtime"));
    await machine.write("/etc/timezone", "Nowhere/Land\n");
    expect(await readTimeZone(machine.machine)).toBe("UTC");
  });
});
