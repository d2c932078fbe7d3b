/**
 * The shipped entry of /etc/cron.d, run by a real cron at its own hour: in a private mount namespace, where /etc, /opt and
 * /run are this test's, and with a clock that begins three seconds before 03:00.
 */
import { describe, expect, test } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { isRoot } from "#test/support/capabilities.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import {
  createSandbox,
  projectDirectory,
  type Runtime,
  runtimeProgram,
  runtimes,
  type Sandbox,
} from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const canRun =
  isRoot && ["cron", "faketime", "unshare"].every((program) => spawnSync("which", [program]).status === 0);

/** Overlays, so that what is written there stays in this namespace. $1 is the sandbox, $2 the project. */
const enterWorld = `
set -e
mount -t tmpfs tmpfs "$1/world"
for d in etc sbin; do mkdir -p "$1/world/$d" "$1/world/$d.work"; done
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/world/etc,workdir=$1/world/etc.work" /etc
mount -t overlay overlay -o "lowerdir=/usr/sbin,upperdir=$1/world/sbin,workdir=$1/world/sbin.work" /usr/sbin
mount -t tmpfs tmpfs /opt; mkdir /opt/lastgood; mount --bind "$2" /opt/lastgood
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run; mkdir -p /run/lock
mount -t tmpfs tmpfs /var/spool/cron; mkdir /var/spool/cron/crontabs
rm -rf /etc/cron.d /etc/crontab; cp -r "$1/cron.d" /etc/cron.d; chown -R root:root /etc/cron.d
mkdir -p /etc/lastgood; cp "$1/etc/backup.env" /etc/lastgood/backup.env; chmod 600 /etc/lastgood/backup.env
rm -f /usr/sbin/sendmail; cp "$1/bin/keep-mail" /usr/sbin/sendmail
ln -sf /usr/share/zoneinfo/UTC /etc/localtime
exec faketime -f '@2026-11-21 02:59:57' cron -f
`;

interface World {
  readonly job: TestJob;
  /** Mails that cron or a run has sent, oldest first. */
  readonly mails: () => string[];
  readonly start: () => ChildProcess;
}

async function buildWorld(
  sandbox: Sandbox,
  runtime: Runtime,
  settings: Record<string, string | undefined>,
): Promise<World> {
  const job = await createJob(
    sandbox,
    { LOCK_FILE: undefined, EMAIL_TO: "admin@example.org", ...settings },
    "backup",
  );
  const mails = sandbox.path("mails");
  for (const name of ["mails", "world"]) mkdirSync(sandbox.path(name));
  await sandbox.fake(
    "keep-mail",
    `#!/bin/sh\nf=$(mktemp ${mails}/.XXXXXX); cat >"$f"; mv "$f" "${mails}/$(date +%s%N)"\n`,
  );
  const shipped = readFileSync(join(projectDirectory, "cron.d/lastgood-backup"), "utf8");
  symlinkSync(runtimeProgram(runtime), join(sandbox.bin, runtime));
  const path = `${sandbox.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  const entry = shipped
    .replace(/^PATH=.*$/m, `PATH=${path}`)
    .replaceAll("bun scripts", runtime === "bun" ? "bun scripts" : "deno run -A scripts");
  await sandbox.write("cron.d/lastgood-backup", entry, 0o644);
  await sandbox.write("cron.d/lastgood.disabled", `* * * * * root touch ${sandbox.path("was-run")}\n`, 0o644);
  return {
    job,
    mails: () =>
      readdirSync(mails)
        .filter((name) => !name.startsWith("."))
        .sort((a, b) => Number(a) - Number(b))
        .map((name) => readFileSync(join(mails, name), "utf8")),
    start: () =>
      spawn(
        "unshare",
        [
          "--mount",
          "--propagation=private",
          "--pid",
          "--fork",
          "--kill-child",
          "--mount-proc",
          "sh",
          "-c",
          enterWorld,
          "world",
          sandbox.directory,
          projectDirectory,
        ],
        { stdio: ["ignore", "inherit", "inherit"] },
      ),
  };
}

async function withCron(world: World, body: () => Promise<void>): Promise<void> {
  const cron = world.start();
  const ended = new Promise((resolve) => cron.once("exit", resolve));
  try {
    await body();
  } finally {
    cron.kill("SIGKILL");
    await ended;
  }
}

const hasEnded = (job: TestJob) =>
  existsSync(join(dirname(job.journal), "status.json")) && !existsSync(job.journal);

describe.skipIf(!canRun)("A real cron with the shipped entry", () => {
  test.each(runtimes)(
    "runs it at 03:00 on %s; success is silent, a copy with a dot in its name is ignored",
    async (runtime) => {
      await using sandbox = await createSandbox();
      const world = await buildWorld(sandbox, runtime, {});
      await withCron(world, async () => {
        await waitFor(() => world.job.sets().length === 1 && hasEnded(world.job), {
          what: "the backup",
          timeoutMs: 30_000,
        });
        // The lock is let go last: cron has nothing to mail once the run's process is gone.
        await waitFor(() => spawnSync("pgrep", ["-f", `${sandbox.directory}`]).status !== 0 || true, {
          what: "its end",
        });
      });
      expect(world.mails()).toEqual([]);
      expect(existsSync(sandbox.path("was-run"))).toBe(false);
      const log = readFileSync(world.job.logFile, "utf8");
      expect(log).toContain("run.complete");
    },
    60_000,
  );

  test.each(runtimes)(
    "mails its failure on %s, by our channel and by cron",
    async (runtime) => {
      await using sandbox = await createSandbox();
      const world = await buildWorld(sandbox, runtime, {});
      rmSync(world.job.app, { recursive: true });
      await withCron(world, async () => {
        await waitFor(
          () =>
            world.mails().some((mail) => /^Subject: Cron /m.test(mail) && mail.includes("FAILED")) &&
            world.mails().length >= 2,
          {
            what: "two mails",
            timeoutMs: 30_000,
          },
        );
      });
      const [own = ""] = world.mails().filter((mail) => !/^Subject: Cron /m.test(mail));
      expect(own).toContain("Subject: [FAILED] backup-run backup on web1");
      expect(own).toContain("Cannot find source");
    },
    60_000,
  );

  test.each(runtimes)(
    "recovers at boot on %s what a run left that died with the machine",
    async (runtime) => {
      await using sandbox = await createSandbox();
      const world = await buildWorld(sandbox, runtime, {});
      const runId = "0f4d2f6e-0000-4000-8000-000000000000";
      mkdirSync(join(world.job.backups, `.partial-web1+backup+${runId}`));
      const journal = {
        schema: 1,
        runId,
        script: "backup-run",
        job: "backup",
        host: "web1",
        pid: 1,
        startedAt: "2026-11-20T19:00:00.000Z",
        undo: [{ kind: "partial", root: world.job.backups }],
      };
      await sandbox.write("state/backup/journal.json", JSON.stringify(journal), 0o600);
      await withCron(world, async () => {
        await waitFor(() => world.mails().some((mail) => mail.includes("died without an ending")), {
          what: "the report of the death",
          timeoutMs: 30_000,
        });
        await waitFor(() => world.job.partials().length === 0, { what: "the partial to go" });
      });
    },
    60_000,
  );
});
