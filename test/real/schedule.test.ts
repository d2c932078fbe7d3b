/** What `schedule` installs, under the real programs that read it: cron, systemd-analyze, logrotate. */
import { describe, expect, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { parseCronExpression } from "#lib/core/cron-expression.ts";
import { nextStarts } from "#lib/core/cron-times.ts";
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import { findEntries } from "#lib/cron/find-entries.ts";
import { createExec } from "#lib/tools/exec.ts";
import { isRoot, isSystemAdmin } from "#test/support/capabilities.ts";
import { type CronMachine, createCronMachine } from "#test/support/cron-machine.ts";
import { createMachineRoot, type MachineRoot } from "#test/support/machine-root.ts";
import {
  createSandbox,
  projectDirectory,
  type Runtime,
  runtimeProgram,
  runtimes,
  type Sandbox,
} from "#test/support/sandbox.ts";
import { startSmtpServer } from "#test/support/smtp-server.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/schedule.ts";
const path = `PATH=/usr/local/bin:/usr/bin:/bin\n`;
const commands: Record<Runtime, string> = { bun: "bun", deno: "deno run -A" };

async function writeJob(write: MachineRoot["write"], ...more: readonly string[]): Promise<void> {
  const lines = [
    "HOST_NAME=web1",
    "APP_DIR=/srv/app",
    "APP_MIN_MB=0",
    "BACKUP_DIR=/var/backups",
    "MIN_FREE_GB=0",
    ...more,
  ];
  await write("/etc/lastgood/backup.env", lines.map((line) => `${line}\n`).join(""), 0o600);
  await write("/srv/app/index.php", "<?php echo 1;\n");
}

async function schedule(sandbox: Sandbox, runtime: Runtime, root: string, ...args: readonly string[]) {
  const ended = await sandbox.run(runtime, script, [...args, "--root", root]);
  return { ...ended, json: (): Record<string, unknown> => JSON.parse(ended.stdout) };
}

const setsOf = (machine: CronMachine): readonly string[] => {
  const directory = machine.path("/var/backups/web1/backup");
  return existsSync(directory) ? readdirSync(directory) : [];
};

describe.skipIf(!isSystemAdmin).each(runtimes)(
  "a schedule of two sources, run by cron with %s,",
  (runtime) => {
    test("starts twice at once, one run finds the lock held, and the health check mails it; once one is installed, it starts once", async () => {
      const smtp = await startSmtpServer();
      try {
        await using sandbox = await createSandbox();
        await using machine = await createCronMachine(sandbox, runtime, smtp.port);
        const mail = ["EMAIL_TO=admin@example.org", "SMTP_HOST=127.0.0.1", `SMTP_PORT=${smtp.port}`];
        await writeJob(machine.write, ...mail, "SMTP_SECURITY=none");
        await machine.write("/etc/passwd", readFileSync("/etc/passwd", "utf8"));
        mkdirSync(machine.path("/etc/logrotate.d"));
        const root = machine.path("/");
        const command = `${commands[runtime]} /opt/lastgood/scripts/backup-run.ts`;
        const check = `${commands[runtime]} /opt/lastgood/scripts/health-check.ts --quiet`;
        await machine.write("/etc/cron.d/monitoring", `${path}0,1 3 * * * root ${check}\n`);
        await machine.write("/etc/cron.d/askproai-backups", `${path}0 3 * * * root ${command}\n`);
        await machine.write("/var/spool/cron/crontabs/root", `${path}0 3,11,19 * * * ${command}\n`, 0o600);
        // The first archive takes as long as the other start needs.
        await machine.write("/srv/slow", "");
        await machine.write(
          "/usr/local/bin/zstd",
          '#!/bin/sh\ncase "$*" in *--version*) ;; *) rm /srv/slow 2>/dev/null && sleep 3 ;; esac\nexec /usr/bin/zstd "$@"\n',
          0o755,
        );

        const shown = await schedule(sandbox, runtime, root, "show", "--json");
        expect(shown.exitCode).toBe(1);
        expect(shown.json()["duplicates"]).toMatchObject([
          { what: "job backup", together: [expect.anything(), expect.anything(), expect.anything()] },
        ]);
        await machine.boot("2026-11-21 02:59:56");
        const mailsOfBackups = () =>
          smtp.messages.filter(({ subject }) => subject.endsWith("/backup-run.ts"));
        await waitFor(() => mailsOfBackups().length > 0, {
          what: "cron's mail of the second start",
          timeoutMs: 40_000,
        });
        const told = await smtp.waitForMessage(({ subject }) => subject.startsWith("[CRITICAL]"));
        expect(told.subject).toBe("[CRITICAL] health-check backup on web1");
        expect(told.text).toContain(
          "more than one place: /etc/cron.d/askproai-backups:2 and /var/spool/cron/crontabs/root:2",
        );
        await machine.untilIdle();
        expect(setsOf(machine)).toHaveLength(1);
        expect(mailsOfBackups().map(({ text }) => text)).toEqual([expect.stringMatching(/lock/i)]);
        const history = readFileSync(machine.path("/var/lib/lastgood/backup/history.jsonl"), "utf8");
        const outcomes = history.match(/(?<="outcome":")(?:busy|complete)(?=","startedAt)/g);
        expect(new Set(outcomes)).toEqual(new Set(["busy", "complete"]));
        await machine.powerOff();

        const installed = await schedule(
          sandbox,
          runtime,
          root,
          "install",
          "--disable-legacy",
          "--at",
          "0 3 * * *",
        );
        expect(installed).toMatchObject({ exitCode: 0, stderr: "" });
        expect(await schedule(sandbox, runtime, root, "show")).toMatchObject({ exitCode: 0 });
        await machine.boot("2026-11-22 02:59:55");
        await waitFor(() => setsOf(machine).length === 2, { what: "the second set", timeoutMs: 40_000 });
        await machine.untilIdle();
        expect(mailsOfBackups()).toHaveLength(1);
        // A check that comes upon the run takes nothing back that it is at: then the next one does, a minute later.
        const isRecovery = ({ subject }: { readonly subject: string }) =>
          subject === "[RECOVERED] health-check backup on web1";
        await waitFor(() => smtp.messages.some(isRecovery), {
          what: "the mail that all is in order again",
          timeoutMs: 90_000,
        });
      } finally {
        await smtp.close();
      }
    });
  },
);

describe.skipIf(!isSystemAdmin)("cron", () => {
  test("starts what findEntries() finds without a flaw, and passes over what it finds with one", async () => {
    await using sandbox = await createSandbox();
    await using machine = await createCronMachine(sandbox, "bun", 1);
    await machine.write("/etc/passwd", readFileSync("/etc/passwd", "utf8"));
    await machine.write("/usr/local/bin/backup-run.sh", '#!/bin/sh\ntouch "/srv/$1"\n', 0o755);
    const line = (name: string, user = "root") => `* * * * * ${user} /usr/local/bin/backup-run.sh ${name}\n`;
    const files: Readonly<Record<string, string>> = {
      good: line("good"),
      dotted: line("dotted"),
      open: line("open"),
      foreign: line("foreign"),
      linked: line("linked"),
      unended: line("unended").trimEnd(),
      broken: `${line("broken")}0 99 * * * root true\n`,
      ghost: line("ghost", "nobody-here"),
      zone: `CRON_TZ=Asia/Tokyo\nTZ=Asia/Tokyo\n${line("zone").replace("* *", "0 3")}`,
      unset: `A=\n${line("unset")}`,
      "empty-command": `${line("empty-command")}0 3 * * * root\n`,
      "blank-command": `${line("blank-command")}0 3 * * * root \n`,
      nickname: `@hourly root true\n${line("nickname")}`,
    };
    for (const [name, text] of Object.entries(files)) {
      await machine.write(`/etc/cron.d/${name === "dotted" ? "dotted.old" : name}`, text);
    }
    chmodSync(machine.path("/etc/cron.d/open"), 0o664);
    chownSync(machine.path("/etc/cron.d/foreign"), 1000, 1000);
    linkSync(machine.path("/etc/cron.d/linked"), machine.path("/etc/cron.d/linked.2"));
    await machine.write("/root/of-link", line("link"));
    symlinkSync("/root/of-link", machine.path("/etc/cron.d/link"));
    await machine.write("/srv/of-somebody/crontab", line("link-away"));
    chownSync(machine.path("/srv/of-somebody/crontab"), 1000, 1000);
    symlinkSync(machine.path("/srv/of-somebody/crontab"), machine.path("/etc/cron.d/link-away"));
    const crontabs: readonly (readonly [string, number])[] = [
      ["root", 0o600],
      ["daemon", 0o644],
      ["deleted-user", 0o600],
    ];
    for (const [user, mode] of crontabs) {
      const text = `* * * * * /usr/local/bin/backup-run.sh crontab-${user}\n`;
      await machine.write(`/var/spool/cron/crontabs/${user}`, text, mode);
    }
    const exec = createExec({ PATH: process.env.PATH ?? "" });
    // A link of the machine leads into the machine.
    const [link, ofLink] = [machine.path("/etc/cron.d/link"), machine.path("/root/of-link")];
    const found = await findEntries(
      {
        exec: async (command, options) => {
          const words = command.map((word) => (word === link ? ofLink : word));
          const result = await exec(words as [string], options);
          return { ...result, stdout: result.stdout.replaceAll(ofLink, link) };
        },
        root: machine.path("/"),
        timeoutMs: 20_000,
      },
      { now: new Date(), timeZone: "UTC" },
    );
    const nameOf = ({ command }: ScheduleEntry) => command.split(" ").at(-1) ?? "";
    const live = found.entries.filter(({ flaw }) => flaw === undefined).map(nameOf);
    const flawed = found.entries.filter(({ flaw }) => flaw !== undefined).map(nameOf);
    await machine.boot("2026-11-21 02:59:57");
    const started = () => readdirSync(machine.path("/srv")).filter((name) => name !== "of-somebody");
    await waitFor(() => live.every((name) => started().includes(name)), {
      what: `cron to start ${live.join(", ")}`,
      timeoutMs: 30_000,
    });
    await machine.untilIdle();
    expect(new Set(started())).toEqual(new Set(live));
    expect(new Set(flawed)).toEqual(
      new Set([
        ...[
          "dotted",
          "open",
          "foreign",
          "link-away",
          "linked",
          "unended",
          "broken",
          "ghost",
          "unset",
          "empty-command",
        ],
        ...["crontab-daemon", "crontab-deleted-user"],
      ]),
    );
  });
});

const clockChanges = [
  {
    what: "forward",
    at: "2026-03-29 01:59:57 +0100",
    started: ["skipped", "hourly", "at-three"],
    passedOver: ["skipped-star", "at-four"],
  },
  {
    what: "back",
    at: "2026-10-25 02:59:57 +0200",
    started: ["hourly"],
    passedOver: ["at-two", "at-three", "skipped"],
  },
];

describe.skipIf(!isSystemAdmin).each(clockChanges)(
  "cron when the clock is set $what",
  ({ at, started, passedOver }) => {
    test("starts what nextStarts() says", async () => {
      const times: Readonly<Record<string, string>> = {
        "at-two": "0 2 * * *",
        skipped: "30 2 * * *",
        "skipped-star": "*/30 2 * * *",
        hourly: "0 * * * *",
        "at-three": "0 3 * * *",
        "at-four": "0 4 * * *",
      };
      const from = new Date(at);
      for (const name of [...started, ...passedOver]) {
        const expression = parseCronExpression(times[name] ?? "");
        if ("problem" in expression || expression.kind === "boot") throw new Error(`"${name}" has no times`);
        const [next] = nextStarts(expression, from, "Europe/Berlin", 1);
        expect([name, (next?.getTime() ?? 0) - from.getTime() < 60_000]).toEqual([
          name,
          started.includes(name),
        ]);
      }
      await using sandbox = await createSandbox();
      await using machine = await createCronMachine(sandbox, "bun", 1);
      const lines = [...started, ...passedOver].map((name) => `${times[name]} root touch /srv/${name}\n`);
      await machine.write("/etc/cron.d/times", lines.join(""));
      await machine.boot(at, "Europe/Berlin");
      const found = () => readdirSync(machine.path("/srv"));
      await waitFor(() => started.every((name) => found().includes(name)), {
        what: `cron to start ${started.join(", ")}`,
        timeoutMs: 60_000,
      });
      await machine.untilIdle();
      expect(new Set(found())).toEqual(new Set(started));
    });
  },
);

/** Units with programs that are there: systemd-analyze looks for them. */
function withRuntime(text: string): string {
  return text
    .replaceAll(/^(ExecStart=|ExecStopPost=-)bun /gm, `$1${runtimeProgram("bun")} `)
    .replaceAll("/opt/lastgood/", `${projectDirectory}/`);
}

describe("the units", () => {
  test("pass systemd-analyze verify, those that are shipped and those of any schedule", async () => {
    await using sandbox = await createSandbox();
    const machine = await createMachineRoot(sandbox);
    await writeJob(machine.write);
    const shipped = join(projectDirectory, "systemd");
    for (const name of readdirSync(shipped)) {
      await sandbox.write(`units/${name}`, withRuntime(readFileSync(join(shipped, name), "utf8")));
    }
    await machine.write("/etc/lastgood/shop.eu.env", machine.read("/etc/lastgood/backup.env"), 0o600);
    if (isRoot) {
      const args = ["install", "--with", "systemd", "--job", "shop.eu", "--at", "*/20 2 1-7 * mon"];
      expect(await schedule(sandbox, "bun", machine.root, ...args)).toMatchObject({ exitCode: 0 });
    }
    const installed = readdirSync(machine.path("/etc/systemd/system")).filter((name) =>
      name.startsWith("lastgood-"),
    );
    const files = [
      ...readdirSync(sandbox.path("units")).map((name) => sandbox.path("units", name)),
      ...installed.map((name) => machine.path(`/etc/systemd/system/${name}`)),
    ];
    expect(files).toHaveLength(isRoot ? 14 : 7);
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", ...files], { encoding: "utf8" });
    // What else is installed on this machine may have flaws of its own.
    expect(stderr.split("\n").filter((line) => line.includes("lastgood"))).toEqual([]);
    expect(status).toBe(0);
  });

  test("expose less than half of what systemd-analyze security counts", async () => {
    await using sandbox = await createSandbox();
    const shipped = readdirSync(join(projectDirectory, "systemd"));
    for (const name of shipped.filter((file) => file.endsWith(".service"))) {
      const file = await sandbox.write(
        name,
        withRuntime(readFileSync(join(projectDirectory, "systemd", name), "utf8")),
      );
      const output = execFileSync("systemd-analyze", ["security", "--offline=yes", "--no-pager", file], {
        encoding: "utf8",
        env: { ...process.env, LC_ALL: "C" },
      });
      const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(output)?.[1];
      expect(Number(exposure)).toBeLessThan(5);
    }
  });
});

test.skipIf(!isRoot)(
  "logrotate takes the installed file, keeps the old log and gives the new one to root and adm",
  async () => {
    await using sandbox = await createSandbox();
    const machine = await createMachineRoot(sandbox);
    await writeJob(machine.write);
    const log = await sandbox.write("log/backup-run.log", "one line\n", 0o640);
    await machine.write(
      "/etc/lastgood/backup.env",
      `${machine.read("/etc/lastgood/backup.env")}LOG_FILE=${log}\n`,
      0o600,
    );
    expect((await schedule(sandbox, "bun", machine.root, "install")).exitCode).toBe(0);
    const file = machine.path("/etc/logrotate.d/lastgood-backup");
    const rotate = () =>
      execFileSync("logrotate", ["--force", "--state", sandbox.path("state"), file], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      });
    rotate();
    expect(readFileSync(`${log}.1`, "utf8")).toBe("one line\n");
    const { size, mode } = statSync(log);
    expect([size, mode & 0o777]).toEqual([0, 0o640]);
  },
);
