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
import { basename, join } from "node:path";
import { isSystemAdmin } from "#test/support/capabilities.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { hasMariadb, type MariadbServer, startMariadbServer } from "#test/support/mariadb-server.ts";
import { hasPostgres, type PostgresServer, startPostgresServer } from "#test/support/postgres-server.ts";
import { replaceComponent } from "#test/support/replace-component.ts";
import { createSandbox, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { archive, entry } from "#test/support/tar-builder.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/restore.ts";
const isWhole = process.env.LASTGOOD_FAULT === "whole";

/** What is wrong, in which component, how it is made, and what is said. */
type Fault = readonly [string, string, (content: Buffer) => Buffer | string, RegExp];

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
    postgres.sql("crm", "CREATE TABLE people (name text)", "INSERT INTO people VALUES ('größe'), ('b')");
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
    /** What is found does not depend on the runtime: one of each kind shows that the other one gets there. */
    const sampled = <Row>(rows: readonly Row[]): readonly Row[] =>
      isWhole || runtime === "bun" ? rows : rows.slice(0, 1);

    test("restores everything, compares it, records it, and leaves nothing", async () => {
      const app = statSync(job.app).mtimeMs;
      const ended = await sandbox.run(runtime, script, args("--json"));
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
      const notes: string[] = JSON.parse(ended.stdout).notes;
      const said = (name: string) => notes.find((note) => note.startsWith(`${name}: `)) ?? "";
      expect(said("application")).toMatch(
        /: (\d+) members extracted and compared with the archive: 5\d files \([\d.]+ KiB\) byte by byte, \d+ directories and the like, 5\d of 5\d unchanged files compared with .*\/srv\/app, 0 changed since/,
      );
      expect(said("database-shop")).toContain(
        "loaded into a mysql server of its own, 2 tables counted, 1 row compared",
      );
      expect(said("database-crm")).toContain(
        "loaded into a postgres server of its own, 1 table counted, 2 rows compared",
      );
      expect(said("database-app")).toContain("opened by SQLite, 1 table, 1 row compared");
      expect(record()).toMatchObject({
        outcome: "complete",
        set: expect.stringMatching(/Z$/),
        components: expect.any(Array),
      });
      expect(record().components).toHaveLength(5);
      const { stdout: shown } = await sandbox.run(runtime, script, ["show", "latest", "-c", job.config]);
      expect(shown).toContain("\nRows: database-shop: 1 in 2 tables: a 1, b 0\n");
      expect(shown).toContain("\nRows: database-crm: 2 in 1 table: public.people 2\n");
      expect(shown).toContain("\nRows: database-app: 1 in 1 table: t 1\n");
      expect(isClean()).toBe(true);
      expect(statSync(job.app).mtimeMs).toBe(app);
    }, 120_000);

    const faults: readonly Fault[] = [
      [
        "a missing table",
        "database-shop",
        (sql: Buffer) =>
          sql.toString().replace(/--\n-- Table structure for table `b`[\s\S]*?UNLOCK TABLES;\n/, ""),
        /it has 1 table, 2 were dumped/,
      ],
      [
        "a table that lacks its rows",
        "database-shop",
        (sql: Buffer) => sql.toString().replace(/INSERT INTO `a` VALUES\s*\(1\);\n/, ""),
        /: the table "a" has 0 rows, 1 was dumped/,
      ],
      [
        "a row less in a dump in custom format",
        "database-crm",
        // The line break between two rows, each of which has its length before it.
        (dump: Buffer) => Buffer.from(dump.toString("latin1").replace("e\n\0\x02", "e \0\x02"), "latin1"),
        /: the table "public\.people" has 1 row, 2 were dumped/,
      ],
      [
        "a row less in a file of SQLite",
        "database-app",
        (file: Buffer) => {
          writeFileSync(sandbox.path("less.db"), file);
          execFileSync("sqlite3", [sandbox.path("less.db"), "DELETE FROM t"]);
          return readFileSync(sandbox.path("less.db"));
        },
        /: the table "t" has 0 rows, 1 was dumped/,
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
    ];
    test.each(sampled(faults))(
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

    test.each([
      [
        "a file that is another than in the archive, as soon as it is on the disk",
        'printf X | dd of="$directory/src/7.php" conv=notrunc status=none',
        /application: "src\/7\.php" has another content than in the archive/,
      ],
      [
        "a file that did not get to the disk",
        'rm "$directory/src/7.php"',
        /application: "src\/7\.php" was not restored/,
      ],
    ])(
      "finds %s",
      async (_name, fault, words) => {
        // As a disk would that lies: tar itself is content.
        await sandbox.fake(
          "tar",
          `#!/bin/sh
directory=; extracts=
for one; do case $one in --directory=*) directory=\${one#*=};; --extract) extracts=yes;; esac; done
/usr/bin/tar "$@"; code=$?
[ -z "$extracts" ] || ${fault}
exit $code
`,
        );
        try {
          const ended = await sandbox.run(runtime, script, args("--component", "application"));
          expect(ended.exitCode).toBe(2);
          expect(ended.stderr).toMatch(words);
          expect(isClean()).toBe(true);
        } finally {
          rmSync(sandbox.path("bin/tar"));
        }
      },
      60_000,
    );

    test("takes a set of before rows were counted as it is", async () => {
      const facts = { database: "shop", dumpedBy: "mariadb-dump", tables: 2 };
      replaceComponent(set, "database-shop", (sql) => sql.toString().replace(/INSERT INTO `a`[^;]*;/, ""), {
        facts,
      });
      try {
        const ended = await sandbox.run(runtime, script, args("--component", "database-shop"));
        expect(ended).toMatchObject({ exitCode: 0 });
        expect(record().components[0].message).toMatch(/2 tables counted$/);
      } finally {
        mend();
      }
    }, 60_000);

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
        'nothing of "app/cache-tools" (1 file): which pattern of APP_EXCLUDES matches it?',
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

  test.skipIf(!isSystemAdmin)(
    "finds a set that lists but does not extract for want of room, and leaves none of it",
    async () => {
      await using other = await createSandbox();
      const many = await createJob(other);
      // Each takes a page, and half a kilobyte in the archive: less than the room that is free beforehand.
      for (let index = 0; index < 600; index += 1) await other.write(`srv/app/src/${index}`, "x");
      await other.run("bun", "scripts/backup-run.ts", ["-c", many.config]);
      await withSmallFileSystem({ sizeMb: 2, type: "tmpfs" }, async ({ directory }) => {
        const ended = await other.run("bun", script, ["drill", "-c", many.config, "--to", directory]);
        expect(ended.exitCode).toBe(2);
        expect(ended.stderr).toContain("No space left on device");
        expect(readdirSync(directory)).toEqual([]);
      });
    },
    60_000,
  );

  test("takes an older set at every fourth time, and says so; one that is unusable takes its turn as well", async () => {
    await using other = await createSandbox();
    const three = await createJob(other);
    for (let turn = 0; turn < 3; turn += 1) {
      await other.run("bun", "scripts/backup-run.ts", ["-c", three.config]);
      // The name of a set is a second.
      if (turn < 2) await Bun.sleep(1_050);
    }
    const [oldest, middle, newest] = three.sets().map((one) => basename(one));
    const archiveOf = join(three.sets()[0] ?? "", "application.tar.zst");
    const bytes = readFileSync(archiveOf);
    writeFileSync(archiveOf, bytes.fill(0, 10, 20));
    const drills = () => JSON.parse(readFileSync(other.path("state/app/drill.json"), "utf8")).drills;
    const run = () => other.run("bun", script, ["drill", "-c", three.config, "--to", other.path(), "--json"]);
    for (let turn = 0; turn < 3; turn += 1) expect(await run()).toMatchObject({ exitCode: 0 });
    const dryRun = await other.run("bun", script, [
      "drill",
      "-c",
      three.config,
      "--to",
      other.path(),
      "--dry-run",
    ]);
    expect(dryRun.stdout + dryRun.stderr).toContain(`${oldest} is an older one, as every 4th time`);
    const broken = await run();
    expect(broken).toMatchObject({ exitCode: 2 });
    expect(broken.stderr).toContain("No copy of the set can be used");
    const after = await run();
    expect(JSON.parse(after.stdout).notes[0]).toContain(`${newest} is the latest good one`);
    expect(drills().map((one: { set: string; choice: string }) => [one.set, one.choice])).toEqual([
      [newest, "newest"],
      [newest, "newest"],
      [newest, "newest"],
      [oldest, "older"],
      [newest, "newest"],
    ]);
    expect(middle).not.toBe(newest);
  }, 120_000);

  test("leaves nothing of a tree that was being compared when it was killed", async () => {
    await sandbox.fake(
      "tar",
      `#!/bin/sh
case " $* " in *" --files-from=- "*) : >${sandbox.path("comparing")}; exec sh -c 'sleep 600; :' "$@";; esac
exec /usr/bin/tar "$@"
`,
    );
    try {
      const running = sandbox.start("bun", script, args("--component", "application"));
      await waitFor(() => existsSync(sandbox.path("comparing")), {
        what: "the comparison",
        timeoutMs: 40_000,
      });
      running.kill("SIGKILL");
      await running.exited;
      await waitFor(isClean, { what: "everything to be gone", timeoutMs: 30_000 });
      await waitFor(() => !existsSync(job.journal), { what: "the recovery", timeoutMs: 30_000 });
    } finally {
      rmSync(sandbox.path("bin/tar"));
    }
  }, 90_000);
});
