/** The drill restores a set where it harms nobody, and finds what verification cannot: a set that is whole and of no use. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createJob, type TestJob } from "#test/support/job.ts";
import { hasMariadb, type MariadbServer, startMariadbServer } from "#test/support/mariadb-server.ts";
import { hasPostgres, type PostgresServer, startPostgresServer } from "#test/support/postgres-server.ts";
import { replaceComponent } from "#test/support/replace-component.ts";
import { createSandbox, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { archive, entry } from "#test/support/tar-builder.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/restore.ts";

describe.skipIf(!hasMariadb || !hasPostgres)("restore drill", () => {
  let sandbox: Sandbox;
  let maria: MariadbServer;
  let postgres: PostgresServer;
  let job: TestJob;
  let set: string;

  beforeAll(async () => {
    sandbox = await createSandbox();
    mkdirSync(sandbox.path("scratch"), { mode: 0o755 });
    [maria, postgres] = await Promise.all([startMariadbServer(), startPostgresServer()]);
    maria.sql("mysql", "CREATE DATABASE shop");
    maria.sql("shop", "CREATE TABLE a (x INT)", "INSERT INTO a VALUES (1)", "CREATE TABLE b (y TEXT)");
    postgres.sql("postgres", "CREATE DATABASE crm");
    postgres.sql("crm", "CREATE TABLE people (name text)", "INSERT INTO people VALUES ('größe')");
    execFileSync("sqlite3", [sandbox.path("app.db"), "CREATE TABLE t (x); INSERT INTO t VALUES (42)"]);
    job = await createJob(sandbox, {
      RUNTIME_DIR: sandbox.path("run"),
      APP_EXCLUDES: "*cache*\nstorage/logs",
      DATABASES: [
        `mysql://root@/shop?socket=${maria.socket}`,
        `postgres://postgres:${encodeURIComponent(postgres.password)}@127.0.0.1:${postgres.port}/crm`,
        `sqlite://${sandbox.path("app.db")}`,
      ].join("\n"),
    });
    for (let index = 0; index < 50; index += 1) await sandbox.write(`srv/app/src/${index}.php`, `${index}`);
    // Changes of a moment ago would be those of after the backup's beginning.
    await Bun.sleep(20);
    const ended = await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    set = job.sets()[0] ?? "no set";
    cpSync(set, sandbox.path("whole"), { recursive: true });
  }, 120_000);
  afterAll(async () => {
    await maria?.[Symbol.asyncDispose]();
    await postgres?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });

  const args = (...more: string[]) => ["drill", "-c", job.config, "--to", sandbox.path("scratch"), ...more];
  const record = () => JSON.parse(readFileSync(sandbox.path("state/app/drill.json"), "utf8")).drills.at(-1);
  const isClean = () =>
    readdirSync(sandbox.path("scratch")).length === 0 &&
    !readdirSync("/proc").some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(sandbox.path("scratch"));
      } catch {
        return false;
      }
    });
  const mend = () => {
    rmSync(set, { recursive: true });
    cpSync(sandbox.path("whole"), set, { recursive: true });
  };

  describe.each(runtimes)("on %s", (runtime) => {
    test("restores everything, compares it, records it, and leaves nothing", async () => {
      const app = statSync(job.app).mtimeMs;
      const ended = await sandbox.run(runtime, script, args("--json"));
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
      const notes: string[] = JSON.parse(ended.stdout).notes;
      const said = (name: string) => notes.find((note) => note.startsWith(`${name}: `)) ?? "";
      expect(said("application")).toMatch(
        /: \d+ members extracted, 5\d of 5\d unchanged files compared with .*\/srv\/app, 0 changed since/,
      );
      expect(said("database-shop")).toContain("loaded into a mysql server of its own, 2 tables counted");
      expect(said("database-crm")).toContain("loaded into a postgres server of its own, 1 tables counted");
      expect(said("database-app")).toContain("opened by SQLite, 1 tables");
      expect(record()).toMatchObject({
        outcome: "complete",
        set: expect.stringMatching(/Z$/),
        components: expect.any(Array),
      });
      expect(record().components).toHaveLength(5);
      expect(isClean()).toBe(true);
      expect(statSync(job.app).mtimeMs).toBe(app);
    }, 120_000);

    test.each([
      [
        "a missing table",
        "database-shop",
        (sql: Buffer) =>
          sql.toString().replace(/--\n-- Table structure for table `b`[\s\S]*?UNLOCK TABLES;\n/, ""),
        /it has 1 tables, 2 were dumped/,
      ],
      [
        "a dump cut before its end",
        "database-shop",
        (sql: Buffer) => sql.subarray(0, sql.indexOf("-- Dump completed")),
        /its end is missing/,
      ],
      [
        "a dump in custom format that is cut",
        "database-crm",
        (dump: Buffer) => dump.subarray(0, dump.length - 200),
        /Cannot load the dump/,
      ],
      [
        "an archive that lists but does not extract",
        "application",
        () => archive(entry("a", { content: "x" }), entry("a/b", { content: "y" })),
        /Not a directory|Cannot open/,
      ],
    ])(
      "finds %s",
      async (_name, component, change, words) => {
        replaceComponent(set, component, change);
        try {
          const verified = await sandbox.run(runtime, script, ["verify", "-c", job.config]);
          expect(verified).toMatchObject({ exitCode: 0 });
          const ended = await sandbox.run(runtime, script, args("--component", component));
          expect(ended.exitCode).toBe(2);
          expect(ended.stderr).toMatch(words);
          expect(record()).toMatchObject({
            outcome: "failed",
            components: [{ name: component, outcome: "failed" }],
          });
          expect(isClean()).toBe(true);
        } finally {
          mend();
        }
      },
      60_000,
    );

    test("finds a pattern that left out more than was meant, and a file that is another than the one nobody touched", async () => {
      const later = await createSandbox();
      await using _ = later;
      mkdirSync(later.path("scratch"), { mode: 0o755 });
      const two = await createJob(later, { APP_EXCLUDES: "*cache*\nstorage/logs" });
      await later.write("srv/app/app/cache-tools/Tool.php", "needed");
      await later.write("srv/app/app/good.php", "good");
      await Bun.sleep(20);
      await later.run(runtime, "scripts/backup-run.ts", ["-c", two.config]);
      replaceComponent(two.sets()[0] ?? "", "application", (tar) =>
        Buffer.from(tar.toString("latin1").replace(/good(?=\0)(?!\.php)/, "evil"), "latin1"),
      );
      const ended = await later.run(runtime, script, [
        "drill",
        "-c",
        two.config,
        "--to",
        later.path("scratch"),
      ]);
      expect(ended.exitCode).toBe(2);
      expect(ended.stderr).toContain(
        'nothing of "app/cache-tools" (1 files): which pattern of APP_EXCLUDES matches it?',
      );
      expect(ended.stderr).not.toContain("storage/logs");
      expect(ended.stderr).toContain('"app/good.php" has another content than the live file');
    }, 60_000);

    test.each(["SIGTERM", "SIGKILL"] as const)(
      "leaves no server and no file behind on %s",
      async (signal) => {
        const running = sandbox.start(runtime, script, args("--component", "database-shop"));
        await waitFor(
          () =>
            readdirSync(sandbox.path("scratch"), { recursive: true }).some((name) =>
              String(name).endsWith("/socket"),
            ),
          {
            what: "the server of the drill",
            timeoutMs: 40_000,
          },
        );
        running.kill(signal);
        await running.exited;
        await waitFor(isClean, { what: "everything to be gone", timeoutMs: 30_000 });
        await waitFor(() => !existsSync(job.journal), { what: "the recovery", timeoutMs: 30_000 });
        writeFileSync(job.logFile, "");
      },
      90_000,
    );
  });
});
