/**
 * The shipped cron.d entry under a real cron daemon: byte for byte on Bun, with Deno's command in Bun's place on Deno.
 *
 * Cron believes that it is shortly before 03:00 and waits for the minute like any other.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isSystemAdmin } from "#test/support/capabilities.ts";
import { type CronMachine, createCronMachine } from "#test/support/cron-machine.ts";
import { createSandbox, projectDirectory, type Runtime, runtimes } from "#test/support/sandbox.ts";
import { type RunningSmtpServer, startSmtpServer } from "#test/support/smtp-server.ts";
import { waitFor } from "#test/support/wait-for.ts";

const beforeThree = "2026-11-21 02:59:56";
const duringTheDay = "2026-11-21 12:10:00";
const shipped = readFileSync(join(projectDirectory, "cron.d/lastgood-backup"), "utf8");
const commands: Record<Runtime, string> = { bun: "bun", deno: "deno run -A" };

interface Installed {
  readonly machine: CronMachine;
  readonly smtp: RunningSmtpServer;
  /** The entry for this runtime. */
  readonly entry: string;
  readonly configure: (job: string, settings?: Readonly<Record<string, string>>) => Promise<string>;
}

/** A machine with the entry, a configuration at its default place and an application; `body` boots it. */
async function withInstalled(runtime: Runtime, body: (installed: Installed) => Promise<void>): Promise<void> {
  const smtp = await startSmtpServer();
  try {
    await using sandbox = await createSandbox();
    await using machine = await createCronMachine(sandbox, runtime, smtp.port);
    const configure: Installed["configure"] = (job, settings = {}) => {
      const values = {
        HOST_NAME: "web1",
        APP_DIR: "/srv/app",
        APP_MIN_MB: "0",
        BACKUP_DIR: "/var/backups",
        MIN_FREE_GB: "0",
        EMAIL_TO: "admin@example.org",
        SMTP_HOST: "127.0.0.1",
        SMTP_PORT: String(smtp.port),
        SMTP_SECURITY: "none",
        ...settings,
      };
      const lines = Object.entries(values).map(([key, value]) => `${key}="${value}"\n`);
      return machine.write(`/etc/lastgood/${job}.env`, lines.join(""), 0o600);
    };
    const entry = shipped.replaceAll(" root bun ", ` root ${commands[runtime]} `);
    await machine.write("/srv/app/index.php", "<?php echo 1;\n");
    await machine.write("/etc/cron.d/lastgood-backup", entry);
    await configure("backup");
    await body({ machine, smtp, entry, configure });
  } finally {
    await smtp.close();
  }
}

const setsOf = (machine: CronMachine, job: string): string[] => {
  const directory = machine.path(`/var/backups/web1/${job}`);
  return existsSync(directory) ? readdirSync(directory) : [];
};

const partialsOf = (machine: CronMachine): string[] =>
  readdirSync(machine.path("/var/backups")).filter((name) => name.startsWith("."));

/** How the job's last run ended; undefined before its first end. */
function lastOutcome(machine: CronMachine, job: string): string | undefined {
  const file = machine.path(`/var/lib/lastgood/${job}/status.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).lastRun.outcome : undefined;
}

async function untilEnded(machine: CronMachine, ...jobs: string[]): Promise<void> {
  await waitFor(() => jobs.every((job) => lastOutcome(machine, job) !== undefined), {
    what: `a run of ${jobs.join(" and ")}`,
    timeoutMs: 30_000,
  });
  await machine.untilIdle();
}

const subjects = (smtp: RunningSmtpServer): string[] => smtp.messages.map((mail) => mail.subject).sort();

describe.skipIf(!isSystemAdmin).each(runtimes)("the cron.d entry, run by cron with %s,", (runtime) => {
  test("makes a set at 03:00 and says nothing to anybody; a copy with a dot in its name is ignored", async () => {
    await withInstalled(runtime, async ({ machine, smtp, entry, configure }) => {
      for (const [name, job] of [
        ["lastgood-shop", "shop"],
        ["lastgood-shop.old", "dotted"],
      ] as const) {
        await configure(job);
        const copy = entry
          .replace("/backup-run.ts", `/backup-run.ts --config ${job}`)
          .replace(/^@reboot.*\n/m, "");
        await machine.write(`/etc/cron.d/${name}`, copy);
      }
      await machine.boot(beforeThree);
      await untilEnded(machine, "backup", "shop");
      expect(["backup", "shop", "dotted"].map((job) => lastOutcome(machine, job))).toEqual([
        "complete",
        "complete",
        undefined,
      ]);
      expect(["backup", "shop", "dotted"].map((job) => setsOf(machine, job).length)).toEqual([1, 1, 0]);
      expect(subjects(smtp)).toEqual([]);
    });
  });

  test("tells of a failure by our mail, and by cron's mail of what was on stderr", async () => {
    await withInstalled(runtime, async ({ machine, smtp, configure }) => {
      await configure("backup", { APP_REQUIRED: "composer.json" });
      await machine.boot(beforeThree);
      await untilEnded(machine, "backup");
      const command = `${commands[runtime]} /opt/lastgood/scripts/backup-run.ts`;
      expect(subjects(smtp)).toEqual([
        expect.stringMatching(new RegExp(`^Cron <root@.+> ${command}$`)),
        "[FAILED] backup-run backup on web1",
      ]);
      const [cron, ours] = ["root@web1.example.org", "admin@example.org"].map((to) =>
        smtp.messages.find((mail) => mail.to.join() === to),
      );
      for (const mail of [cron, ours]) expect(mail?.text).toContain("composer.json");
      expect(cron?.text).toContain("ERROR   backup-run[backup ");
      expect(setsOf(machine, "backup")).toEqual([]);
    });
  });

  test("that cannot find its runtime is told of by cron's mail", async () => {
    await withInstalled(runtime, async ({ machine, smtp, entry }) => {
      await machine.write("/etc/cron.d/lastgood-backup", entry.replace(/^PATH=.*$/m, "PATH=/usr/bin:/bin"));
      await machine.boot(beforeThree);
      const isOfRun = ({ subject }: { readonly subject: string }) =>
        subject.endsWith("/scripts/backup-run.ts");
      const mail = await waitFor(() => smtp.messages.find(isOfRun), {
        what: "cron's mail",
        timeoutMs: 30_000,
      });
      expect(mail.to).toEqual(["root@web1.example.org"]);
      expect(mail.text).toContain(`${runtime}: not found`);
    });
  });

  test("finishes after a boot what a run left when power failed, and reports it", async () => {
    await withInstalled(runtime, async ({ machine, smtp }) => {
      const zstd = "/usr/local/bin/zstd";
      await machine.write(
        zstd,
        '#!/bin/sh\ncase "$*" in *--version*) exec /usr/bin/zstd "$@";; esac\ntouch /srv/begun\nexec sleep 60\n',
        0o755,
      );
      const journal = machine.path("/var/lib/lastgood/backup/journal.json");
      await machine.boot(beforeThree);
      await waitFor(() => existsSync(machine.path("/srv/begun")), {
        what: "the archive to begin",
        timeoutMs: 30_000,
      });
      await machine.powerOff();
      expect({ partials: partialsOf(machine).length, isJournalThere: existsSync(journal) }).toEqual({
        partials: 1,
        isJournalThere: true,
      });
      expect(subjects(smtp)).toEqual([]);

      await machine.remove(zstd);
      await machine.boot(duringTheDay);
      const mail = await waitFor(() => smtp.messages.find(({ to }) => to.includes("admin@example.org")), {
        what: "the report",
        timeoutMs: 30_000,
      });
      await machine.untilIdle();
      expect(mail.subject).toBe("[FAILED] backup-run backup on web1");
      expect(mail.text).toContain("died without an ending");
      expect(partialsOf(machine)).toEqual([]);
      expect(existsSync(journal)).toBe(false);
      expect(subjects(smtp)).toEqual([
        expect.stringMatching(/^Cron <root@.+> .* \/opt\/lastgood\/scripts\/recover.ts$/),
        "[FAILED] backup-run backup on web1",
      ]);
    });
  });
});
