/** Disks that are full, for real: small file systems of their own, for each place that a run writes to. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasLoopDevices } from "#test/support/capabilities.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { hasMariadb, startMariadbServer } from "#test/support/mariadb-server.ts";
import {
  createSandbox,
  type Ended,
  projectDirectory,
  runtimeProgram,
  runtimes,
  type Sandbox,
} from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { type RunningSmtpServer, startSmtpServer } from "#test/support/smtp-server.ts";

const pageBytes = 4096;
const megabyte = 1024 * 1024;

interface Full {
  readonly sandbox: Sandbox;
  /** The file system's directory. */
  readonly directory: string;
  /** A job whose mail comes to the server. */
  readonly configure: (settings: Readonly<Record<string, string>>) => Promise<TestJob>;
  readonly run: (job: TestJob) => Promise<Ended>;
}

/** Incompressible bytes in the application, more than there is room for. */
const fillApplication = (job: TestJob) => writeFileSync(join(job.app, "upload.bin"), randomBytes(30_000_000));

const fillDisk = (directory: string, bytes: number) =>
  writeFileSync(join(directory, "filler"), Buffer.alloc(bytes));

const namesIn = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name !== "lost+found");

function expectWhole(set: string | undefined): void {
  const checked = spawnSync("sha256sum", ["--quiet", "-c", "SHA256SUMS"], { cwd: set, encoding: "utf8" });
  expect({ set, status: checked.status, words: checked.stderr }).toEqual({ set, status: 0, words: "" });
}

/** `2026-11-21T03:00:07+00:00 WARNING backup-run[app 1a2b3c4d] run.partial: …`: the events of what was said. */
const eventsOf = ({ stderr }: Ended): string[] => stderr.match(/(?<=\] )[a-z]+\.[a-z]+(?=: )/g) ?? [];

describe.skipIf(!hasLoopDevices).each(runtimes)("A disk that is full, on %s,", (runtime) => {
  let smtp: RunningSmtpServer;

  beforeAll(async () => {
    smtp = await startSmtpServer();
  });

  afterAll(() => smtp.close());

  async function withDisk(
    disk: { readonly sizeMb: number; readonly type: "ext4" | "tmpfs" },
    body: (full: Full) => Promise<void>,
  ): Promise<void> {
    await using sandbox = await createSandbox();
    await withSmallFileSystem(disk, ({ directory }) =>
      body({
        sandbox,
        directory,
        configure: (settings) =>
          createJob(sandbox, {
            EMAIL_TO: `${sandbox.directory.slice(-6)}@example.org`,
            SMTP_HOST: "127.0.0.1",
            SMTP_PORT: String(smtp.port),
            SMTP_SECURITY: "none",
            ...settings,
          }),
        run: (job) => sandbox.run(runtime, "scripts/backup-run.ts", ["--config", job.config]),
      }),
    );
  }

  /** The mails of one job. */
  const mailsTo = (sandbox: Sandbox) =>
    smtp.messages.filter(({ to }) => to.includes(`${sandbox.directory.slice(-6)}@example.org`));

  test("as the destination during the write: 2 with a hint, no partial is left, the last good set is whole", async () => {
    await withDisk({ sizeMb: 12, type: "ext4" }, async ({ sandbox, directory, configure, run }) => {
      const job = await configure({ BACKUP_DIR: directory });
      expect((await run(job)).exitCode).toBe(0);
      const sets = readdirSync(join(directory, "web1/app"));
      fillApplication(job);
      const ended = await run(job);
      expect(ended.exitCode).toBe(2);
      const [mail, ...others] = mailsTo(sandbox);
      expect([mail?.subject, others]).toEqual(["[FAILED] backup-run app on web1", []]);
      for (const words of [ended.stderr, mail?.text]) {
        expect(words).toContain('Cannot write "application.tar.zst": zstd: ');
        expect(words).toContain("No space left on device");
        expect(words).toContain("Free space in the destination");
      }
      expect(namesIn(directory)).toEqual(["web1"]);
      expect(readdirSync(join(directory, "web1/app"))).toEqual(sets);
      expectWhole(join(directory, "web1/app", sets[0] ?? ""));
      expect(existsSync(job.journal)).toBe(false);
    });
  });

  test.skipIf(!hasMariadb)(
    "as the destination during a dump: 2 with a hint, half a dump is no backup, the last good set is whole",
    async () => {
      await using database = await startMariadbServer();
      database.sql("mysql", "CREATE DATABASE shop");
      database.sql("shop", "CREATE TABLE t (a TEXT)", "INSERT INTO t SELECT 'x' FROM seq_1_to_1000");
      await withDisk({ sizeMb: 12, type: "ext4" }, async ({ sandbox, directory, configure, run }) => {
        const job = await configure({
          BACKUP_DIR: directory,
          DATABASES: `mysql://root@/shop?socket=${database.socket}`,
        });
        expect((await run(job)).exitCode).toBe(0);
        const sets = readdirSync(join(directory, "web1/app"));
        database.sql("shop", "INSERT INTO t SELECT HEX(RANDOM_BYTES(500)) FROM seq_1_to_40000");
        const ended = await run(job);
        expect(ended.exitCode).toBe(2);
        expect(ended.stderr).toContain('Cannot write "database-shop.sql.zst": zstd: ');
        expect(ended.stderr).toContain("No space left on device");
        expect(mailsTo(sandbox).map((mail) => mail.subject)).toEqual(["[FAILED] backup-run app on web1"]);
        expect(namesIn(directory)).toEqual(["web1"]);
        expect(readdirSync(join(directory, "web1/app"))).toEqual(sets);
        expectWhole(join(directory, "web1/app", sets[0] ?? ""));
      });
    },
    60_000,
  );

  test("as the second destination during the write: 1, the first copy is whole, nothing of the second is left", async () => {
    await withDisk({ sizeMb: 12, type: "ext4" }, async ({ sandbox, directory, configure, run }) => {
      const job = await configure({ SECONDARY_DIR: directory });
      fillApplication(job);
      const ended = await run(job);
      expect(ended.exitCode).toBe(1);
      expect(ended.stderr).toContain(`No copy in "${directory}": `);
      expect(ended.stderr).toContain("No space left on device");
      expect(mailsTo(sandbox).map((mail) => mail.subject)).toEqual([
        "[DEGRADED] backup-run app on web1: copy second destination",
      ]);
      expect(job.sets()).toHaveLength(1);
      expectWhole(job.sets()[0]);
      expect([namesIn(directory), job.partials()]).toEqual([[], []]);
    });
  });

  // With one page the journal can be begun and not be replaced.
  test.each([0, 1])("as STATE_DIR with %i free pages: 2 before anything is written", async (pages) => {
    await withDisk({ sizeMb: 1, type: "tmpfs" }, async ({ sandbox, directory, configure, run }) => {
      const job = await configure({ STATE_DIR: directory });
      fillDisk(directory, megabyte - pages * pageBytes);
      const ended = await run(job);
      expect(ended.exitCode).toBe(2);
      expect(ended.stderr).toContain(`Cannot write the journal "${join(directory, "app/journal.json")}"`);
      expect(ended.stderr).toContain(
        "Hint: Free space there, or set STATE_DIR to a directory that can be written",
      );
      expect(mailsTo(sandbox).map((mail) => mail.subject)).toEqual(["[FAILED] backup-run app on web1"]);
      expect([job.sets(), job.partials()]).toEqual([[], []]);
      expect(existsSync(join(directory, "app/journal.json"))).toBe(false);
    });
  });

  test("as STATE_DIR does not hide that a channel fails too: whoever reads stderr is told of both", async () => {
    await withDisk({ sizeMb: 1, type: "tmpfs" }, async ({ directory, configure, run }) => {
      const job = await configure({ STATE_DIR: directory, SMTP_PORT: "1", NOTIFY_TIMEOUT: "1s" });
      fillDisk(directory, megabyte);
      const ended = await run(job);
      expect(ended.exitCode).toBe(2);
      expect(eventsOf(ended)).toEqual([
        "run.failed",
        "report.incomplete",
        "message.failed",
        "outbox.full",
        "channels.unrecorded",
      ]);
    });
  });

  test("below the log file costs the log alone: 0, and one line says so", async () => {
    await withDisk({ sizeMb: 1, type: "tmpfs" }, async ({ directory, configure, run }) => {
      const job = await configure({ LOG_FILE: join(directory, "run.log") });
      fillDisk(directory, megabyte);
      const ended = await run(job);
      expect(ended.exitCode).toBe(0);
      expect(eventsOf(ended)).toEqual(["log.unwritable"]);
      expect(ended.stderr).toContain(
        `Cannot write to the log file "${join(directory, "run.log")}" any more: `,
      );
      expect(ended.stderr).toContain("ENOSPC");
      expect(job.sets()).toHaveLength(1);
      expectWhole(job.sets()[0]);
    });
  });

  test("below the lock file costs the name in it alone: 0, and one line says so", async () => {
    await withDisk({ sizeMb: 1, type: "tmpfs" }, async ({ directory, configure, run }) => {
      const lockFile = join(directory, "app.lock");
      const job = await configure({ LOCK_FILE: lockFile });
      fillDisk(directory, megabyte);
      const ended = await run(job);
      expect(ended.exitCode).toBe(0);
      expect(eventsOf(ended)).toEqual(["lock.nameless"]);
      expect(ended.stderr).toContain(`Cannot write into the lock file "${lockFile}" who holds it: `);
      expect(readFileSync(lockFile, "utf8")).toBe("");
      expect(job.sets()).toHaveLength(1);
    });
  });
});

// Deno writes nothing more to a stream that has failed once.
test.skipIf(!hasLoopDevices)(
  "A disk that was full where cron appends what a run says gets the rest of it on Bun once there is room",
  async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    await withSmallFileSystem({ sizeMb: 1, type: "tmpfs" }, async ({ directory }) => {
      fillDisk(directory, megabyte);
      await sandbox.fake("tar", `#!/bin/sh\nrm -f ${directory}/filler\nexec /usr/bin/tar "$@"\n`);
      const program = [runtimeProgram("bun"), join(projectDirectory, "scripts/backup-run.ts")];
      const child = Bun.spawn(
        ["sh", "-c", '"$@" 2>>"$LOG"', "sh", ...program, "--config", job.config, "--verbose"],
        { env: { ...sandbox.environment, LOG: join(directory, "cron.log") }, stdout: "ignore" },
      );
      expect(await child.exited).toBe(0);
      expect(readFileSync(join(directory, "cron.log"), "utf8")).toContain(" run.complete: ");
    });
  },
);
