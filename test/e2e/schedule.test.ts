import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { isRoot } from "#test/support/capabilities.ts";
import { createMachineRoot, incident, type MachineRoot, writeIncident } from "#test/support/machine-root.ts";
import {
  createSandbox,
  type Ended,
  type Runtime,
  runtimes,
  type Sandbox,
  treeOf,
} from "#test/support/sandbox.ts";

const script = "scripts/schedule.ts";

const trials = process.env["LASTGOOD_FAULT"] === "whole" ? 40 : 3;

interface Scheduled {
  readonly sandbox: Sandbox;
  readonly machine: MachineRoot;
  readonly schedule: (...args: readonly string[]) => Promise<Ended>;
}

interface Shown {
  readonly source: string;
  readonly file: string;
  readonly role: string;
  readonly starts: string;
}

/** A machine with the job "backup", which has the lock of the legacy script. */
async function withJob(runtime: Runtime, body: (scheduled: Scheduled) => Promise<void>): Promise<void> {
  await using sandbox = await createSandbox();
  const machine = await createMachineRoot(sandbox);
  await machine.write(
    "/etc/lastgood/backup.env",
    "HOST_NAME=web1\nAPP_DIR=/srv/app\nBACKUP_DIR=/var/backups\n",
    0o600,
  );
  const schedule: Scheduled["schedule"] = (...args) =>
    sandbox.run(runtime, script, [...args, "--root", machine.root]);
  await body({ sandbox, machine, schedule });
}

/** Everything on the machine with its text: what a refusal must not change. */
async function snapshot({ root }: MachineRoot): Promise<Record<string, string>> {
  const files = (await treeOf(root)).filter((path) => !path.endsWith("/"));
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

const json = (ended: Ended) => JSON.parse(ended.stdout);

describe.skipIf(!isRoot).each(runtimes)("schedule on %s", (runtime) => {
  test("replays the incident: finds both sources, refuses, and with --disable-legacy leaves one", async () => {
    await withJob(runtime, async ({ machine, schedule }) => {
      await writeIncident(machine);
      const shown = await schedule("show");
      expect(shown.exitCode).toBe(1);
      expect(shown.stdout).toMatch(
        /^DUPLICATE {2}job backup is started by \/etc\/cron\.d\/askproai-backups:2 and .*:3 and .*:4 and \/var\/spool\/cron\/crontabs\/root:2, next together /m,
      );
      const before = await snapshot(machine);
      const refused = await schedule("install");
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toContain("/etc/cron.d/askproai-backups:2 (0 3 * * * backup-run.sh) starts it");
      expect(refused.stderr).toContain(
        "/var/spool/cron/crontabs/root:3 (*/30 * * * * backup-health-check.sh) puts such an entry back",
      );
      expect(await snapshot(machine)).toEqual(before);

      const preview = await schedule("install", "--disable-legacy", "--dry-run");
      expect(preview).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining("Would: comment out /etc/cron.d/"),
      });
      expect(await snapshot(machine)).toEqual(before);

      const installed = await schedule("install", "--disable-legacy", "--at", "0 3,11,19 * * *");
      expect(installed).toMatchObject({ exitCode: 0, stderr: "" });
      const after = await schedule("show", "--json");
      expect(after.exitCode).toBe(0);
      expect(json(after)).toMatchObject({
        duplicates: [],
        unscheduled: [],
        entries: [
          {
            file: "/etc/cron.d/lastgood-backup",
            line: 8,
            starts: "/etc/lastgood/backup.env",
            role: "backup",
          },
          { file: "/etc/cron.d/lastgood-backup", line: 9, when: "@reboot", role: "recovery" },
          { file: "/etc/cron.d/lastgood-backup", line: 10, role: "check", when: "16 5 * * 0" },
          { file: "/etc/cron.d/lastgood-health", line: 8, role: "check", starts: "health-check.ts --quiet" },
        ],
      });
      expect(installed.stdout).toContain("The health check of all jobs starts twice an hour\n");
      const [stamp = ""] = readdirSync(machine.path("/var/lib/lastgood/schedule"));
      const copies = `/var/lib/lastgood/schedule/${stamp}`;
      expect(installed.stdout).toContain(`What stood there before is kept in ${copies}`);
      expect(machine.read(`${copies}/etc/cron.d/askproai-backups`)).toBe(incident.cronFile);
      expect(machine.read(`${copies}/var/spool/cron/crontabs/root`)).toBe(incident.rootCrontab);
      const disabled = machine.read("/var/spool/cron/crontabs/root").split("\n");
      expect(disabled[1]).toMatch(/^# disabled by lastgood on \d{8}: 0 3,11,19 \* \* \* \/var\/www/);
      expect(disabled[2]).toMatch(/^# disabled by lastgood on \d{8}: \*\/30/);
      expect(disabled[3]).toBe(incident.rootCrontab.split("\n")[3] ?? "");
      expect(statSync(machine.path("/var/spool/cron/crontabs/root")).mode & 0o7777).toBe(0o600);
    });
  });

  test("install writes root's files with absolute programs, a minute of the host's own, and no second time anything", async () => {
    await withJob(runtime, async ({ machine, schedule }) => {
      const first = await schedule("install");
      expect(first.exitCode).toBe(0);
      expect(first.stdout).not.toContain("acts as root");
      const file = "/etc/cron.d/lastgood-backup";
      expect(machine.read(file)).toMatch(
        /^(\d|[1-5]\d) 3 \* \* \* root \/\S+(?: run -A)? \/\S+\/scripts\/backup-run\.ts\n@reboot +root \/\S+(?: run -A)? \/\S+\/scripts\/recover\.ts\n/m,
      );
      const { uid, gid, mode } = statSync(machine.path(file));
      expect([uid, gid, mode & 0o7777]).toEqual([0, 0, 0o644]);
      expect(machine.read("/etc/logrotate.d/lastgood-backup")).toContain('"/var/log/backup-run.log" {');
      const before = await snapshot(machine);
      const again = await schedule("install");
      expect(again).toMatchObject({ exitCode: 0, stderr: "" });
      expect(again.stdout).not.toContain("Done:");
      expect(await snapshot(machine)).toEqual(before);
    });
  });

  test("install --with systemd takes the place of cron, and remove leaves nothing of ours", async () => {
    await withJob(runtime, async ({ machine, schedule }) => {
      const before = await treeOf(machine.root);
      await schedule("install");
      const moved = await schedule("install", "--with", "systemd", "--at", "0 3,11,19 * * *");
      expect(moved).toMatchObject({ exitCode: 0, stderr: "" });
      expect(readdirSync(machine.path("/etc/cron.d"))).toEqual([]);
      expect(machine.read("/etc/systemd/system/lastgood-backup.timer")).toContain(
        "OnCalendar=*-*-* 03,11,19:00:00\n",
      );
      const shown = await schedule("show", "--json");
      expect(shown.exitCode).toBe(0);
      const entries: readonly Shown[] = json(shown).entries;
      expect(new Set(entries.map(({ source, file, role }) => `${source} ${role} ${file}`))).toEqual(
        new Set([
          "timer backup /etc/systemd/system/lastgood-backup.timer",
          "service recovery /etc/systemd/system/lastgood-recover-backup.service",
          "timer check /etc/systemd/system/lastgood-drill-backup.timer",
          "timer check /etc/systemd/system/lastgood-health.timer",
        ]),
      );
      const removed = await schedule("remove");
      expect(removed).toMatchObject({ exitCode: 0, stderr: "" });
      const left = (await treeOf(machine.root)).filter((path) => !before.includes(path));
      expect(
        left.filter((path) => !path.startsWith("var/lib/lastgood/") && !path.endsWith(".wants/")),
      ).toEqual([]);
      const nothing = await schedule("remove");
      expect(nothing).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("no schedule that was installed here"),
      });
    });
  });

  test("the health check is there once, with the last job that was installed, and goes with the last that is removed", async () => {
    await withJob(runtime, async ({ machine, schedule }) => {
      const settings = machine.read("/etc/lastgood/backup.env");
      await machine.write("/etc/lastgood/shop.env", settings, 0o600);
      const filesOfChecks = async () => {
        const { entries }: { entries: readonly Shown[] } = json(await schedule("show", "--json"));
        const checks = entries.filter(({ role }) => role === "check");
        return new Set(checks.map(({ starts, file }) => `${starts} ${file}`));
      };
      const drill = "/etc/lastgood/backup.env /etc/cron.d/lastgood-backup";
      const health = "health-check.ts --quiet";
      expect((await schedule("install", "--at", "0 3 * * *")).exitCode).toBe(0);
      expect(await filesOfChecks()).toEqual(new Set([drill, `${health} /etc/cron.d/lastgood-health`]));
      const args = ["install", "--job", "shop", "--at", "0 12 * * *", "--with", "systemd", "--without-drill"];
      expect(await schedule(...args)).toMatchObject({ exitCode: 0, stderr: "" });
      const timer = `${health} /etc/systemd/system/lastgood-health.timer`;
      expect(await filesOfChecks()).toEqual(new Set([drill, timer]));
      expect((await schedule("show")).exitCode).toBe(0);

      expect((await schedule("remove", "--job", "shop")).exitCode).toBe(0);
      expect(await filesOfChecks()).toEqual(new Set([drill, timer]));
      const preview = await schedule("remove", "--dry-run");
      expect(preview.stdout).toContain("Would: remove /etc/systemd/system/lastgood-health.timer");
      expect((await schedule("remove")).exitCode).toBe(0);
      expect(await filesOfChecks()).toEqual(new Set());
      const units = readdirSync(machine.path("/etc/systemd/system"), { recursive: true });
      expect(units.filter((name) => String(name).includes("lastgood"))).toEqual([]);
      expect((await schedule("remove")).exitCode).toBe(2);
    });
  });

  test("install leaves a health check and a drill alone that somebody has already, and says so", async () => {
    await withJob(runtime, async ({ machine, schedule }) => {
      const command = "root bun /opt/lastgood/scripts";
      const own = `40 7 * * * ${command}/health-check.ts --quiet --deep\n`;
      await machine.write("/etc/cron.d/lastgood-health", own);
      await machine.write("/etc/cron.d/drills", `0 6 * * 6 ${command}/restore.ts drill -c backup\n`);
      const installed = await schedule("install");
      expect(installed).toMatchObject({ exitCode: 0, stderr: "" });
      expect(installed.stdout).toContain("Note: /etc/cron.d/drills:1 drills the job backup already\n");
      expect(installed.stdout).toContain(
        "Note: /etc/cron.d/lastgood-health is your own: the health check stays as it says\n",
      );
      expect(machine.read("/etc/cron.d/lastgood-health")).toBe(own);
      expect(machine.read("/etc/cron.d/lastgood-backup")).not.toContain("drill");
      await machine.write("/etc/cron.d/lastgood-health", "");
      await machine.write("/etc/cron.d/monitoring", own);
      expect((await schedule("install")).stdout).toContain(
        "Note: /etc/cron.d/monitoring:1 checks the health of all jobs already\n",
      );
      expect((await schedule("remove")).exitCode).toBe(0);
      expect(machine.read("/etc/cron.d/monitoring")).toBe(own);
      expect(existsSync(machine.path("/etc/cron.d/lastgood-health"))).toBe(true);
    });
  });

  test("install undoes everything when the last step fails", async () => {
    await withJob(runtime, async ({ sandbox, machine, schedule }) => {
      await writeIncident(machine);
      await sandbox.fake("systemctl", "#!/bin/sh\necho 'Failed: no bus' >&2\nexit 1\n");
      const before = await snapshot(machine);
      const failed = await schedule("install", "--with", "systemd", "--disable-legacy");
      expect(failed.exitCode).toBe(2);
      expect(failed.stderr).toContain("nothing was changed: systemctl enable lastgood-backup.timer");
      expect(failed.stderr).toContain("Failed: no bus");
      const after = await snapshot(machine);
      for (const path of Object.keys(after))
        if (path.startsWith("var/lib/lastgood/schedule/")) delete after[path];
      expect(after).toEqual(before);
    });
  });

  test("install keeps the timer on that is there when another time for it cannot be installed", async () => {
    await withJob(runtime, async ({ sandbox, machine, schedule }) => {
      expect((await schedule("install", "--with", "systemd", "--at", "0 3 * * *")).exitCode).toBe(0);
      const before = await treeOf(machine.root);
      const timer = machine.read("/etc/systemd/system/lastgood-backup.timer");
      await sandbox.fake("systemctl", "#!/bin/sh\nexit 1\n");
      expect((await schedule("install", "--with", "systemd", "--at", "0 5 * * *")).exitCode).toBe(2);
      expect(machine.read("/etc/systemd/system/lastgood-backup.timer")).toBe(timer);
      const left = (await treeOf(machine.root)).filter((path) => !path.startsWith("var/lib/lastgood/"));
      expect(left).toEqual(before.filter((path) => !path.startsWith("var/lib/lastgood/")));
      expect(left).toContain("etc/systemd/system/timers.target.wants/lastgood-backup.timer");
    });
  });

  test("install --disable-legacy finishes what a killed one left: both schedules there", async () => {
    await withJob(runtime, async ({ machine, schedule }) => {
      await schedule("install");
      await writeIncident(machine);
      const own = machine.read("/etc/cron.d/lastgood-backup");
      expect((await schedule("install")).exitCode).toBe(2);
      expect((await schedule("install", "--disable-legacy")).exitCode).toBe(0);
      expect(machine.read("/etc/cron.d/lastgood-backup")).toBe(own);
      expect(json(await schedule("show", "--json")).duplicates).toEqual([]);
    });
  });

  test("install that is killed leaves something that starts the job, files that are whole, and is finished by the next one", async () => {
    await withJob(runtime, async ({ sandbox, machine, schedule }) => {
      const whole = new Set<string>();
      const files = [
        "/etc/cron.d/askproai-backups",
        "/var/spool/cron/crontabs/root",
        "/etc/cron.d/lastgood-backup",
      ];
      const textOf = (file: string) => machine.read(file).replaceAll(/ on \d{8}:/g, " on that day:");
      const remember = () => {
        for (const file of files) if (existsSync(machine.path(file))) whole.add(textOf(file));
      };
      const args = ["install", "--disable-legacy", "--root", machine.root];
      await writeIncident(machine);
      remember();
      const begun = performance.now();
      expect((await schedule("install", "--disable-legacy")).exitCode).toBe(0);
      const durationMs = performance.now() - begun;
      remember();
      for (let trial = 1; trial <= trials; trial += 1) {
        rmSync(machine.path("/etc/cron.d/lastgood-backup"));
        await writeIncident(machine);
        const running = sandbox.start(runtime, script, args);
        // The writing is the last part.
        await Bun.sleep(durationMs * (0.5 + trial / (2 * trials)));
        running.kill("SIGKILL");
        await running.exited;
        for (const file of files) {
          if (existsSync(machine.path(file))) expect([file, whole.has(textOf(file))]).toEqual([file, true]);
        }
        const { entries } = json(await schedule("show", "--json"));
        expect(entries.filter(({ role }: { role: string }) => role === "backup").length).toBeGreaterThan(0);
        expect((await schedule("install", "--disable-legacy")).exitCode).toBe(0);
        expect(json(await schedule("show", "--json"))).toMatchObject({ duplicates: [], unscheduled: [] });
      }
    });
  }, 300_000);

  test("install refuses what only a person should change, before it changes anything", async () => {
    await withJob(runtime, async ({ machine, schedule }) => {
      await machine.write("/root/crontab-of-backups", incident.cronFile);
      symlinkSync(machine.path("/root/crontab-of-backups"), machine.path("/etc/cron.d/askproai-backups"));
      const before = await snapshot(machine);
      const refused = await schedule("install", "--disable-legacy");
      expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("it is a link") });
      expect(await snapshot(machine)).toEqual(before);
    });
  });

  test("install refuses a job whose files would be those of the health check", async () => {
    await withJob(runtime, async ({ machine, schedule }) => {
      await machine.write("/etc/lastgood/health.env", "APP_DIR=/srv/app\nBACKUP_DIR=/var/backups\n", 0o600);
      const before = await snapshot(machine);
      expect(await schedule("install", "--job", "health")).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('A job called "health" cannot have a schedule'),
      });
      expect(await snapshot(machine)).toEqual(before);
    });
  });

  test("install refuses a file of that name that is not ours, a job without a configuration, an invalid one, and a machine without cron", async () => {
    await withJob(runtime, async ({ machine, schedule }) => {
      await machine.write("/etc/cron.d/lastgood-backup", "# mine\n");
      expect(await schedule("install")).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("was not written here for the job backup"),
      });
      expect(machine.read("/etc/cron.d/lastgood-backup")).toBe("# mine\n");
      expect(await schedule("install", "--job", "none")).toMatchObject({
        exitCode: 78,
        stderr: expect.stringContaining("Cannot find a configuration"),
      });
      await machine.write("/etc/lastgood/bad.env", "APP_DIRR=/srv\n", 0o600);
      expect(await schedule("install", "--job", "bad")).toMatchObject({
        exitCode: 78,
        stderr: expect.stringContaining("did you mean APP_DIR?"),
      });
      // Its directory stays: other packages have files in it.
      rmSync(machine.path("/usr/sbin/cron"));
      expect(await schedule("install")).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("Cannot install for cron: it is not installed"),
      });
    });
  });

  test.each([
    [["sho"], "Did you mean show?"],
    [["install", "--job", "../x"], "--job ../x is no name of a job"],
    [["install", "--at", "H 25 * * *"], "is no schedule: bad hour"],
    [["install", "--at", "0 0 30 2 *"], "never comes"],
    [["install", "--at", "@reboot"], "has no times"],
    [["install", "--with", "at"], "is neither cron nor systemd"],
    [["explain", "--at", "5/15 * * * *"], "bad minute"],
    [[], "ACTION is missing"],
  ] as const)("refuses %j", async (args, message) => {
    await withJob(runtime, async ({ machine, schedule }) => {
      const before = await snapshot(machine);
      const ended = await schedule(...args);
      expect(ended.exitCode).toBe(64);
      expect(ended.stderr).toContain(message);
      expect(await snapshot(machine)).toEqual(before);
    });
  });

  test("explain shows the next ten starts, and what a change of the clock does to them", async () => {
    await withJob(runtime, async ({ schedule }) => {
      const { exitCode, stdout } = await schedule("explain", "--at", "30 2 * * *");
      expect(exitCode).toBe(0);
      const [, starts = ""] = stdout.split("--at (30 2 * * *)\n");
      expect(
        starts
          .split("\n")
          .slice(0, 10)
          .every((line) => /^ {2}\w{3} \d{4}-\d\d-\d\d 02:30 \+0[12]00$|03:00 \+0200$/.test(line)),
      ).toBe(true);
      expect(starts).toMatch(
        /the clock jumps at Sun \d{4}-03-\d\d 03:00 \+0200:\n.* 02:30 \+0100\n.* 03:00 \+0200\n.* 02:30 \+0200/,
      );
      expect(starts).toMatch(
        /the clock jumps at Sun \d{4}-10-\d\d 02:00 \+0100:\n.* 02:30 \+0200\n.* 02:30 \+0200\n.* 02:30 \+0100/,
      );
    });
  });

  test("explain shows every entry of the machine, and why one never starts", async () => {
    await withJob(runtime, async ({ machine, schedule }) => {
      await machine.write("/etc/cron.d/old.bak", "0 3 * * * root /x/backup-run.sh\n");
      await schedule("install", "--at", "7 3 * * *");
      const { exitCode, stdout } = await schedule("explain");
      expect(exitCode).toBe(0);
      expect(stdout).toContain(
        "/etc/cron.d/old.bak:1: backup-run.sh (0 3 * * *)\n  never: cron ignores names with a dot",
      );
      expect(stdout).toMatch(
        /\/etc\/cron\.d\/lastgood-backup:8: backup-run\.ts backup \(7 3 \* \* \*\)\n {2}\w{3} .* 03:07 /,
      );
      expect(stdout).toContain("lastgood-backup:9: recover.ts backup (@reboot)\n  at every boot\n");
    });
  });
});

test.skipIf(!isRoot)(
  "schedule show as an ordinary user says what it may not read; install is root's",
  async () => {
    await withJob("bun", async ({ sandbox, machine }) => {
      await writeIncident(machine);
      const run = (...args: readonly string[]) =>
        sandbox.run("bun", script, [...args, "--root", machine.root], { uid: 1000 });
      const shown = await run("show");
      expect(shown.exitCode).toBe(1);
      expect(shown.stdout).toContain("/etc/cron.d/askproai-backups:2");
      expect(shown.stdout).toContain(
        'PROBLEM    Cannot read "/var/spool/cron/crontabs/root": Permission denied',
      );
      expect(shown.stdout).toContain('PROBLEM    Cannot read "/etc/lastgood": Permission denied');
      expect(await run("install")).toMatchObject({
        exitCode: 77,
        stderr: expect.stringContaining("Only root may install"),
      });
    });
  },
);
