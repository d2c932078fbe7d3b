/**
 * The legacy application backup and ours side by side: the same application, MariaDB, NAS by ssh and mail program. What the
 * documents promise both must do; each known defect must show in the legacy script and not in ours.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createJob, type TestJob } from "#test/support/job.ts";
import { hasMariadb, type MariadbServer, startMariadbServer } from "#test/support/mariadb-server.ts";
import { createSandbox, projectDirectory, type Sandbox } from "#test/support/sandbox.ts";
import { hasSshd, type SshServer, startSshServer } from "#test/support/ssh-server.ts";

const legacyScript = join(projectDirectory, "migrations-from-bash/app-backup/legacy/backup-run.sh");
const nasName = "Server AskProAI";
/** For a difference that shows without the NAS: the upload is most of a run's time. */
const withoutNas = { STORE_NAS_URL: undefined, STORE_NAS_KEY_FILE: undefined };

describe.skipIf(!(hasMariadb && hasSshd))("The legacy application backup and ours", () => {
  let database: MariadbServer;
  let nas: SshServer;
  beforeAll(async () => {
    [database, nas] = await Promise.all([startMariadbServer({ hasBinaryLog: true }), startSshServer()]);
    database.sql("mysql", "CREATE DATABASE shop");
    database.sql(
      "shop",
      "CREATE TABLE t (a TEXT)",
      "INSERT INTO t SELECT CONCAT('row ', seq) FROM seq_1_to_5000",
    );
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await nas[Symbol.asyncDispose]();
  });

  interface World {
    readonly sandbox: Sandbox;
    readonly job: TestJob;
    readonly base: string;
    readonly nasBase: string;
    readonly env: Record<string, string>;
    readonly runLegacy: () => { exitCode: number | null; log: string };
    readonly runOurs: () => Promise<{ exitCode: number | null; stderr: string }>;
    readonly mails: () => string[];
  }

  /** One application, and what both need to back it up. */
  async function build(sandbox: Sandbox, settings: Record<string, string | undefined> = {}): Promise<World> {
    const [base, nasBase, mails] = [sandbox.path("legacy"), sandbox.path(nasName), sandbox.path("mails")];
    for (const path of [base, nasBase, mails]) mkdirSync(path);
    await sandbox.write("known_hosts", readFileSync(nas.knownHostsFile, "utf8"));
    await sandbox.fake(
      "ssh",
      `#!/bin/sh\nexec /usr/bin/ssh -F none -o UserKnownHostsFile=${sandbox.path("known_hosts")} "$@"\n`,
    );
    await sandbox.fake("systemctl", "#!/bin/sh\nexit 0\n");
    await sandbox.fake("hostnamectl", "#!/bin/sh\nexit 0\n");
    await sandbox.fake("curl", `#!/bin/sh\ntouch ${sandbox.path("asked-outside")}\necho 192.0.2.1\n`);
    const keepMail = `#!/bin/sh\ncat >"$(mktemp ${mails}/XXXXXX)"\n`;
    await sandbox.fake("msmtp", keepMail);
    // Each start has a second of its own, without waiting for one.
    await sandbox.fake(
      "date",
      `#!/bin/sh\ncase "$*" in *%Y%m%d_%H%M%S*) n=$(cat ${sandbox.path("n")} 2>/dev/null || echo 0); echo $((n + 1)) >${sandbox.path("n")}; printf '20260101_0000%02d\\n' "$n";; *) exec /bin/date "$@";; esac\n`,
    );
    const optionFile = await sandbox.write(
      "my.cnf",
      `[client]\nuser=root\nsocket=${database.socket}\n`,
      0o600,
    );
    const job = await createJob(
      sandbox,
      {
        RUNTIME_DIR: sandbox.path("run"),
        APP_REQUIRED: [".env", "artisan", "composer.json", "composer.lock", "vendor", "node_modules"].join(
          "\n",
        ),
        APP_EXCLUDES: ["storage/framework/cache", "storage/logs/*.log", ".git"].join("\n"),
        DATABASES: `mysql://root@/shop?socket=${database.socket}`,
        SYSTEM_STATE: "true",
        SYSTEM_STATE_SKIP: "firewall",
        NOTIFY_ON: "always",
        EMAIL_TO: "root@example.org",
        SENDMAIL: await sandbox.fake("keep-mail", keepMail),
        STORE_NAS_URL: `ssh://root@127.0.0.1:${nas.port}${nasBase}`,
        STORE_NAS_KEY_FILE: nas.keyFile,
        ...settings,
      },
      "app",
    );
    for (const name of [
      ".env",
      "artisan",
      "composer.json",
      "composer.lock",
      "vendor/a.php",
      "node_modules/b.js",
      "storage/framework/cache/x",
    ])
      await sandbox.write(join(job.app, name), `content of ${name}\n`);
    const env = {
      ...sandbox.environment,
      APP_DIR: job.app,
      BACKUP_BASE: base,
      LOG_FILE: sandbox.path("legacy.log"),
      LOCK_FILE: sandbox.path("legacy.lock"),
      DB_NAME: "shop",
      DB_OPTION_FILE: optionFile,
      SYNOLOGY_HOST: "127.0.0.1",
      SYNOLOGY_PORT: String(nas.port),
      SYNOLOGY_USER: "root",
      SYNOLOGY_SSH_KEY: nas.keyFile,
      SYNOLOGY_BASE_PATH: nasBase,
      MIN_FREE_PERCENT: "1",
      APP_MIN_MB: "0",
    };
    const runLegacy = () => {
      const before = new Set(readdirSync("/tmp"));
      const { status } = spawnSync("bash", [legacyScript], { env, encoding: "utf8", timeout: 60_000 });
      // What it leaves in /tmp, which is one of its defects.
      for (const name of readdirSync("/tmp")) {
        if (!before.has(name) && name.startsWith("system-state-"))
          rmSync(join("/tmp", name), { recursive: true });
      }
      return { exitCode: status, log: readFileSync(env.LOG_FILE, "utf8") };
    };
    return {
      sandbox,
      job,
      base,
      nasBase,
      env,
      runLegacy,
      runOurs: () => sandbox.run("bun", "scripts/backup-run.ts", ["--config", job.config]),
      mails: () => readdirSync(mails).map((name) => readFileSync(join(mails, name), "utf8")),
    };
  }

  const filesBelow = (directory: string) =>
    readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) =>
      statSync(join(directory, name)).isFile(),
    );
  const archivesOf = (world: World) => readdirSync(world.base).filter((name) => name.endsWith(".tar.gz"));

  test("save the same files and the same rows, upload them, and mail their success", async () => {
    await using sandbox = await createSandbox();
    const world = await build(sandbox);
    const legacy = world.runLegacy();
    expect({ exitCode: legacy.exitCode, log: legacy.log }).toMatchObject({
      exitCode: 0,
      log: expect.stringContaining("✅ Upload"),
    });
    const ours = await world.runOurs();
    expect(ours).toMatchObject({ exitCode: 0, stderr: "" });

    const [theirs, mine] = [sandbox.path("theirs"), sandbox.path("mine")];
    for (const path of [theirs, mine]) mkdirSync(path);
    const [set = ""] = world.job.sets();
    execFileSync("sh", [
      "-c",
      'cd "$1" && tar -xzf "$2" && tar -xzf application.tar.gz && gunzip database.sql.gz',
      "sh",
      theirs,
      join(world.base, archivesOf(world)[0] ?? ""),
    ]);
    execFileSync("sh", [
      "-c",
      'cd "$1" && mkdir app && tar --zstd -xpf "$2/application.tar.zst" -C app && zstd -qd "$2/database-shop.sql.zst" -o database.sql',
      "sh",
      mine,
      set,
    ]);
    expect(new Set(filesBelow(join(mine, "app")))).toEqual(new Set(filesBelow(join(theirs, "app"))));
    const rows = (directory: string) =>
      readFileSync(join(directory, "database.sql"), "utf8")
        .match(/^INSERT INTO .*$/gms)
        ?.join("\n")
        .replace(/\n\/\*![\s\S]*$/, "");
    expect(rows(mine)).toBe(rows(theirs));

    const uploaded = filesBelow(world.nasBase);
    expect(uploaded.filter((name) => name.endsWith(".tar.gz"))).toHaveLength(1);
    expect(uploaded.filter((name) => name.endsWith("manifest.json"))).toHaveLength(1);
    const subjects = world.mails().map((mail) => /^Subject: (.*)$/m.exec(mail)?.[1]);
    expect(new Set(subjects)).toEqual(
      new Set(["Backup successful: backup-20260101_000000", "[OK] backup-run app on web1"]),
    );
  }, 60_000);

  describe("differ in what is a defect:", () => {
    test("D1 the work directory leaks at each run", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox, withoutNas);
      world.runLegacy();
      expect(readdirSync(join(world.base, "tmp"))).toEqual(["backup-20260101_000000"]);
      await world.runOurs();
      expect(world.job.partials()).toEqual([]);
    }, 60_000);

    test("D2 the lock file is unlinked, so that the next run locks another one", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox, withoutNas);
      world.runLegacy();
      expect(existsSync(world.env["LOCK_FILE"] ?? "")).toBe(false);
      await world.runOurs();
      const { ino } = statSync(world.job.lockFile);
      await world.runOurs();
      expect(statSync(world.job.lockFile).ino).toBe(ino);
    }, 60_000);

    test("D3 two runs of one second have one name, and the second takes the first one's place", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox, {
        ...withoutNas,
        BACKUP_LAYOUT: "{YYYY}/{MM}/{DD}/{HH}{mm}",
      });
      await sandbox.fake(
        "date",
        '#!/bin/sh\ncase "$*" in *%Y%m%d_%H%M%S*) echo 20260101_000000;; *) exec /bin/date "$@";; esac\n',
      );
      world.runLegacy();
      world.runLegacy();
      expect(archivesOf(world)).toHaveLength(1);
      await world.runOurs();
      await world.runOurs();
      expect(world.job.sets()).toHaveLength(2);
    }, 60_000);

    test("D4 a refusal by preflight is told to nobody", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox, { MIN_FREE_GB: "999999" });
      await sandbox.fake("systemctl", "#!/bin/sh\nexit 3\n");
      expect(world.runLegacy().exitCode).toBe(1);
      expect(world.mails()).toEqual([]);
      expect((await world.runOurs()).exitCode).toBe(2);
      expect(world.mails().join()).toContain("Subject: [FAILED] backup-run app on web1");
    }, 60_000);

    test("D5 a NAS that is down is a success, and what it lacks it never gets", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox);
      await nas.stop();
      const legacy = world.runLegacy();
      const ours = await world.runOurs();
      await nas.start();
      expect([legacy.exitCode, ours.exitCode]).toEqual([0, 1]);
      expect(world.mails().join()).toContain("Subject: [DEGRADED] backup-run app on web1: store ");
      world.runLegacy();
      expect((await world.runOurs()).exitCode).toBe(0);
      const uploaded = filesBelow(world.nasBase);
      expect(uploaded.filter((name) => name.endsWith(".tar.gz"))).toHaveLength(1);
      expect(uploaded.filter((name) => name.endsWith("manifest.json"))).toHaveLength(2);
    }, 60_000);

    test("D6 check sums stay when their archives go, and unfinished uploads for ever", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox, {
        KEEP_LAST: "1",
        KEEP_DAILY: "0",
        KEEP_WEEKLY: "0",
        KEEP_MONTHLY: "0",
      });
      await sandbox.fake("sha256sum", '#!/bin/sh\n/usr/bin/sha256sum "$@"\n');
      for (let run = 0; run < 4; run += 1) world.runLegacy();
      expect(archivesOf(world)).toHaveLength(3);
      expect(readdirSync(world.base).filter((name) => name.endsWith(".sha256"))).toHaveLength(4);
      mkdirSync(join(world.nasBase, ".partial-web1+app+dead"));
      for (let run = 0; run < 2; run += 1) expect((await world.runOurs()).exitCode).toBe(0);
      expect(world.job.sets()).toHaveLength(1);
      expect(readdirSync(world.nasBase).filter((name) => name.startsWith("."))).toEqual([]);
    }, 60_000);

    test("D7 the position in the binary log is looked for in compressed bytes", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox, withoutNas);
      world.runLegacy();
      const info = readFileSync(join(world.base, "tmp/backup-20260101_000000/database-info.txt"), "utf8");
      expect(info).toContain("binlog=not recorded");
      await world.runOurs();
      const dump = execFileSync("zstd", ["-qdc", join(world.job.sets()[0] ?? "", "database-shop.sql.zst")], {
        encoding: "utf8",
      });
      expect(dump).toContain("CHANGE MASTER TO MASTER_LOG_FILE='binlog.");
    }, 60_000);

    test("D8 any host key will do", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox);
      writeFileSync(sandbox.path("known_hosts"), readFileSync(nas.changedHostsFile));
      expect(world.runLegacy().log).toContain("✅ Upload");
      const ours = await world.runOurs();
      expect(ours.exitCode).toBe(1);
      expect(ours.stderr).toContain("REMOTE HOST IDENTIFICATION HAS CHANGED");
    }, 60_000);

    test("D9 everybody on the machine can read it", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox, withoutNas);
      world.runLegacy();
      expect(statSync(join(world.base, archivesOf(world)[0] ?? "")).mode & 0o004).toBe(0o004);
      await world.runOurs();
      const [set = ""] = world.job.sets();
      for (const name of readdirSync(set)) expect(statSync(join(set, name)).mode & 0o077).toBe(0);
    }, 60_000);

    test("D10 an archive that cannot be read is a success", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox, { ...withoutNas, DATABASES: undefined, SYSTEM_STATE: undefined });
      await sandbox.fake("gzip", '#!/bin/sh\n/bin/gzip "$@" | head -c 100\nexit 0\n');
      expect(world.runLegacy().exitCode).toBe(0);
      expect(spawnSync("tar", ["-tzf", join(world.base, archivesOf(world)[0] ?? "")]).status).not.toBe(0);
      await sandbox.fake(
        "zstd",
        '#!/bin/sh\ncase "$*" in *--version*|*-d*) exec /usr/bin/zstd "$@";; esac\n/usr/bin/zstd "$@" | head -c 100\nexit 0\n',
      );
      const ours = await world.runOurs();
      expect(ours.exitCode).toBe(2);
      expect(ours.stderr).toContain("Cannot read back the application");
      expect(world.job.sets()).toEqual([]);
    }, 60_000);

    test("D11 the words of a failed collection of the system's state are lost", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox, withoutNas);
      await sandbox.fake(
        "tar",
        '#!/bin/sh\ncase "$*" in *-czf\\ /tmp/system-state-*) echo \'the disk of /tmp is on fire\' >&2; exit 2;; esac\nexec /usr/bin/tar "$@"\n',
      );
      await sandbox.fake("dpkg-query", "#!/bin/sh\necho 'the database of packages is on fire' >&2; exit 1\n");
      const legacy = world.runLegacy();
      expect([legacy.exitCode, legacy.log.includes("on fire")]).toEqual([1, false]);
      const ours = await world.runOurs();
      expect(ours.exitCode).toBe(1);
      expect(ours.stderr).toContain("the database of packages is on fire");
    }, 60_000);

    test("D12 nothing restores it; ours comes back by the plain commands of README", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox, withoutNas);
      expect(readdirSync(join(legacyScript, ".."))).toEqual(["backup-run.sh"]);
      await world.runOurs();
      const [set = ""] = world.job.sets();
      const target = sandbox.path("restored");
      const commands = `cd '${set}' && sha256sum --quiet -c SHA256SUMS && mkdir '${target}' && tar --zstd -xpf application.tar.zst -C '${target}' --numeric-owner --acls --xattrs --xattrs-include='*'`;
      expect(spawnSync("sh", ["-c", commands], { encoding: "utf8" })).toMatchObject({
        status: 0,
        stderr: "",
      });
      expect(readFileSync(join(target, ".env"), "utf8")).toBe("content of .env\n");
      const mysql = (sql: string, input?: Buffer) =>
        execFileSync(
          "mysql",
          [
            "--no-defaults",
            `--socket=${database.socket}`,
            "-u",
            "root",
            "-N",
            ...(sql === "" ? ["restored"] : ["-e", sql]),
          ],
          { encoding: "utf8", ...(input === undefined ? {} : { input }) },
        ).trim();
      mysql("CREATE DATABASE restored");
      mysql("", execFileSync("zstd", ["-qdc", join(set, "database-shop.sql.zst")]));
      expect(mysql("SELECT COUNT(*) FROM restored.t")).toBe("5000");
      mysql("DROP DATABASE restored");
    }, 60_000);

    test("a tar that was killed passes for a success, and an outside service is asked for the server's own address", async () => {
      await using sandbox = await createSandbox();
      const world = await build(sandbox, { ...withoutNas, DATABASES: undefined, SYSTEM_STATE: undefined });
      await sandbox.fake(
        "tar",
        '#!/bin/sh\ncase "$*" in *application.tar.gz*|*--create*) /usr/bin/tar "$@" | head -c 500; kill -9 $$;; esac\nexec /usr/bin/tar "$@"\n',
      );
      expect(world.runLegacy().exitCode).toBe(0);
      expect(existsSync(sandbox.path("asked-outside"))).toBe(true);
      rmSync(sandbox.path("asked-outside"));
      const ours = await world.runOurs();
      expect(ours.exitCode).toBe(2);
      expect(ours.stderr).toContain("killed by signal 9");
      expect(existsSync(sandbox.path("asked-outside"))).toBe(false);
    }, 60_000);
  });
});
