/** A database as it was takes the place of the database as it is: all of it or nothing, and what was there is kept. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { isRoot } from "#test/support/capabilities.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { hasMariadb, type MariadbServer, startMariadbServer } from "#test/support/mariadb-server.ts";
import { hasPostgres, type PostgresServer, startPostgresServer } from "#test/support/postgres-server.ts";
import { createSandbox, type Ended, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const rows = 500;
const mariaSchema = `
CREATE TABLE customer (id INT PRIMARY KEY, name TEXT);
CREATE TABLE \`or\`\`der\` (id INT PRIMARY KEY, customer INT, FOREIGN KEY (customer) REFERENCES customer (id));
CREATE TABLE past (id INT PRIMARY KEY) WITH SYSTEM VERSIONING;
CREATE SEQUENCE numbers;
CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN 2 * x;
CREATE VIEW totals AS SELECT twice(id) AS double_id FROM customer;
CREATE VIEW again AS SELECT * FROM totals;
CREATE TRIGGER loud BEFORE INSERT ON customer FOR EACH ROW SET NEW.name = UPPER(NEW.name);
CREATE PROCEDURE ask() SELECT COUNT(*) FROM customer;
CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DO DELETE FROM past;
INSERT INTO customer SELECT seq, CONCAT('größe ', seq) FROM seq_1_to_${rows};
INSERT INTO \`or\`\`der\` SELECT id, id FROM customer;
CREATE USER clerk@localhost IDENTIFIED BY 'x';
GRANT SELECT ON shop.* TO clerk@localhost;
GRANT UPDATE ON shop.customer TO clerk@localhost;
GRANT EXECUTE ON PROCEDURE shop.ask TO clerk@localhost`;

describe.skipIf(!hasMariadb || !hasPostgres || !isRoot)("restore of a database in its place", () => {
  let sandbox: Sandbox;
  let maria: MariadbServer;
  let postgres: PostgresServer;
  let job: TestJob;
  let file: string;

  beforeAll(async () => {
    sandbox = await createSandbox();
    [maria, postgres] = await Promise.all([startMariadbServer(), startPostgresServer()]);
    maria.sql("mysql", "CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_german2_ci");
    execFileSync("mariadb", ["--no-defaults", `--socket=${maria.socket}`, "-uroot", "shop"], {
      input: mariaSchema,
    });
    postgres.sql(
      "postgres",
      "CREATE ROLE owner LOGIN",
      "CREATE ROLE reader LOGIN",
      'CREATE DATABASE "it\'s=shop" OWNER owner',
      `COMMENT ON DATABASE "it's=shop" IS 'it''s \\ ours'`,
      'REVOKE CONNECT ON DATABASE "it\'s=shop" FROM PUBLIC',
      'GRANT CONNECT ON DATABASE "it\'s=shop" TO reader WITH GRANT OPTION',
      `ALTER DATABASE "it's=shop" SET search_path TO "$user", 'odd, name', public`,
      `ALTER DATABASE "it's=shop" SET work_mem TO '8MB'`,
      `ALTER ROLE reader IN DATABASE "it's=shop" SET my.note TO 'it''s'`,
      'ALTER DATABASE "it\'s=shop" CONNECTION LIMIT 7',
    );
    postgres.sql(
      "it's=shop",
      "CREATE TABLE orders (id serial PRIMARY KEY, note text)",
      "ALTER TABLE orders OWNER TO owner",
      `INSERT INTO orders (note) SELECT 'größe' || g FROM generate_series(1, ${rows}) g`,
    );
    file = sandbox.path("srv/data base's.db");
    await sandbox.write("srv/keep", "");
    const wal = "PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (42)";
    execFileSync("sqlite3", [file, wal]);
    chmodSync(file, 0o640);
    chownSync(file, 33, 34);
    const password = encodeURIComponent(postgres.password);
    job = await createJob(sandbox, {
      APP_DIR: undefined,
      RUNTIME_DIR: sandbox.path("run"),
      DATABASES: [
        `mysql://root@/shop?socket=${maria.socket}`,
        `postgres://postgres:${password}@127.0.0.1:${postgres.port}/it%27s%3Dshop`,
        `sqlite://${file.replaceAll(" ", "%20").replaceAll("'", "%27")}?name=lite`,
      ].join("\n"),
    });
    const ended = await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
  }, 120_000);
  afterAll(async () => {
    await maria?.[Symbol.asyncDispose]();
    await postgres?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });

  const mariaDatabases = () =>
    maria
      .sql("mysql", "SHOW DATABASES")
      .split("\n")
      .filter((name) => name.startsWith("shop"));
  const postgresDatabases = () =>
    postgres
      .sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'it%'")
      .split("\n")
      .filter((name) => name !== "");
  const noLeftovers = () => {
    expect(existsSync(sandbox.path("run")) ? readdirSync(sandbox.path("run")) : []).toEqual([]);
    expect(existsSync(job.journal)).toBe(false);
  };
  /** Everything of a database: rows, structure, and what goes with its name. */
  const describeMaria = (name: string) => ({
    sums: maria.sql(name, "CHECKSUM TABLE customer, `or``der`, past").replaceAll(`${name}.`, ""),
    all: maria.sql(
      name,
      "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1",
      "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
      "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY 1",
      "SELECT EVENT_NAME, STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()",
      "SELECT COUNT(*), MAX(double_id) FROM again",
      "SELECT REFERENCED_TABLE_SCHEMA = DATABASE() FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL",
      "SELECT @@collation_database",
    ),
  });
  const grants = () => maria.sql("mysql", "SHOW GRANTS FOR clerk@localhost");
  const describePostgres = (name: string) =>
    postgres.sql(
      "postgres",
      "SELECT pg_get_userbyid(datdba), datacl, datconnlimit, encoding, datcollate, shobj_description(oid, 'pg_database'), " +
        `(SELECT json_agg(json_build_array(setrole, setconfig) ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = pg_database.oid) FROM pg_database WHERE datname = '${name.replaceAll("'", "''")}'`,
    );

  describe.each(runtimes)("on %s", (runtime) => {
    const run = (component: string, ...args: string[]): Promise<Ended> =>
      sandbox.run(runtime, "scripts/restore.ts", [
        ...["restore", "latest", "--in-place", "--component", component, "-c", job.config],
        ...args,
      ]);

    test("MariaDB: tables, views, triggers, routines, events and grants are as they were, and what was is kept", async () => {
      const [then, granted] = [describeMaria("shop"), grants()];
      maria.sql(
        "shop",
        "DELETE FROM `or``der` WHERE id > 10",
        "DROP VIEW again",
        "CREATE TABLE later (x INT)",
      );
      maria.sql("shop", "CREATE TRIGGER t2 BEFORE INSERT ON later FOR EACH ROW SET NEW.x = 7");
      const ended = await run("database-shop", "--yes");
      expect(ended).toMatchObject({ exitCode: 0 });
      expect(describeMaria("shop")).toEqual(then);
      expect(grants()).toBe(granted);
      const kept = mariaDatabases().find((name) => name.startsWith("shop_before_"))!;
      expect(new Set(mariaDatabases())).toEqual(new Set(["shop", kept]));
      expect(maria.sql(kept, "SELECT COUNT(*) FROM `or``der`", "SHOW TRIGGERS LIKE 'later'")).toMatch(
        /^10\nt2\t/,
      );
      expect(
        maria.sql(kept, "SELECT STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()"),
      ).toBe("DISABLED");
      expect(readFileSync(job.logFile, "utf8")).toContain(`what was before is "${kept}"`);
      noLeftovers();
      maria.sql("mysql", `DROP DATABASE ${kept}`);
    }, 60_000);

    test("MariaDB: a database that is gone comes back", async () => {
      const then = describeMaria("shop");
      maria.sql("mysql", "DROP DATABASE shop");
      expect(await run("database-shop", "--yes")).toMatchObject({ exitCode: 0 });
      expect(describeMaria("shop")).toEqual(then);
      expect(mariaDatabases()).toEqual(["shop"]);
      maria.sql("mysql", "GRANT EXECUTE ON PROCEDURE shop.ask TO clerk@localhost");
    }, 60_000);

    test("PostgreSQL: content, owner, grants, comment and settings are as they were, and what was is kept", async () => {
      const then = describePostgres("it's=shop");
      const content = "SELECT md5(string_agg(orders::text, ',' ORDER BY id)) FROM public.orders";
      const sum = postgres.sql("it's=shop", content);
      postgres.sql("it's=shop", "DELETE FROM public.orders WHERE id > 10");
      expect(await run("database-it-s-shop", "--yes")).toMatchObject({ exitCode: 0 });
      expect(describePostgres("it's=shop")).toBe(then);
      expect(postgres.sql("it's=shop", content)).toBe(sum);
      const kept = postgresDatabases().find((name) => name.startsWith("it's=shop_before_"))!;
      expect(new Set(postgresDatabases())).toEqual(new Set(["it's=shop", kept]));
      expect(postgres.sql(kept, "SELECT count(*) FROM public.orders")).toBe("10");
      noLeftovers();
      postgres.sql("postgres", `DROP DATABASE "${kept}"`);
    }, 60_000);

    test("PostgreSQL: a database that is gone comes back, with its owner", async () => {
      const then = describePostgres("it's=shop");
      postgres.sql("postgres", 'ALTER DATABASE "it\'s=shop" RENAME TO saved');
      expect(await run("database-it-s-shop", "--yes")).toMatchObject({ exitCode: 0 });
      expect(describePostgres("it's=shop").split("|")[0]).toBe(then.split("|")[0]!);
      postgres.sql("postgres", 'DROP DATABASE "it\'s=shop"', 'ALTER DATABASE saved RENAME TO "it\'s=shop"');
    }, 60_000);

    test("SQLite: the file is as it was, with its owner and mode, and what was is kept with its log", async () => {
      const writer = spawn("sqlite3", [file], { stdio: ["pipe", "ignore", "ignore"] });
      writer.stdin.write("INSERT INTO t VALUES (43);\n");
      await waitFor(() => existsSync(`${file}-wal`), { what: "the writer to have written" });
      await waitFor(() => sqlite(file, "SELECT count(*) FROM t") === "2", { what: "the row to be there" });
      const refused = await run("database-lite", "--yes");
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toMatch(/is in use: sqlite3 \(pid \d+\)/);
      expect(sqlite(file, "SELECT count(*) FROM t")).toBe("2");
      // It leaves its log behind.
      writer.kill("SIGKILL");
      await waitFor(() => writer.signalCode !== null, { what: "the writer to end" });
      expect(existsSync(`${file}-wal`)).toBe(true);
      expect(await run("database-lite", "--yes")).toMatchObject({ exitCode: 0 });
      expect(existsSync(`${file}-wal`)).toBe(false);
      expect(sqlite(file, "SELECT group_concat(x) FROM t")).toBe("42");
      const { uid, gid, mode } = statSync(file);
      expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: 33, gid: 34, mode: 0o640 });
      const kept = readdirSync(sandbox.path("srv")).find((name) => /\.before-[^-]*-[^-]*$/.test(name))!;
      expect(sqlite(sandbox.path("srv", kept), "SELECT group_concat(x) FROM t")).toBe("42,43");
      noLeftovers();
      for (const name of readdirSync(sandbox.path("srv")).filter((one) => one.includes(".before-")))
        execFileSync("rm", [join(sandbox.path("srv"), name)]);
      renameSync(file, `${file}.gone`);
      expect(await run("database-lite", "--yes")).toMatchObject({ exitCode: 0 });
      expect(statSync(file)).toMatchObject({ uid: 33, gid: 34 });
      execFileSync("mv", [`${file}.gone`, file]);
    }, 60_000);

    test("what somebody is connected with is not replaced: it says who", async () => {
      const before = [describeMaria("shop"), describePostgres("it's=shop")];
      const app = spawn("psql", ["-X", "-q"], {
        env: { ...postgres.environment, PGDATABASE: "it's=shop", PGAPPNAME: "the shop" },
        stdio: ["pipe", "ignore", "ignore"],
      });
      const other = spawn("mariadb", ["--no-defaults", `--socket=${maria.socket}`, "-uroot", "shop"], {
        stdio: ["pipe", "ignore", "ignore"],
      });
      try {
        await waitFor(
          () =>
            postgres.sql(
              "postgres",
              "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'the shop'",
            ) === "1" &&
            maria.sql("mysql", "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = 'shop'") ===
              "1",
          { what: "both to be connected" },
        );
        const ofPostgres = await run("database-it-s-shop", "--yes");
        expect(ofPostgres).toMatchObject({ exitCode: 2 });
        expect(ofPostgres.stderr).toMatch(/in use: postgres with the shop from 127\.0\.0\.1 \(pid \d+\)/);
        const ofMaria = await run("database-shop", "--yes");
        expect(ofMaria).toMatchObject({ exitCode: 2 });
        expect(ofMaria.stderr).toMatch(/in use: root from localhost \(connection \d+\)/);
      } finally {
        app.kill("SIGKILL");
        other.kill("SIGKILL");
      }
      await waitFor(
        () =>
          maria.sql("mysql", "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = 'shop'") === "0",
        { what: "the server to notice" },
      );
      expect([describeMaria("shop"), describePostgres("it's=shop")]).toEqual(before);
      expect([mariaDatabases(), postgresDatabases()]).toEqual([["shop"], ["it's=shop"]]);
    }, 60_000);

    test("credentials of one that is killed while it plans are removed by whoever recovers", async () => {
      const hanging = await sandbox.fake(
        "psql",
        "#!/bin/sh\nwhile kill -0 $PPID 2>/dev/null; do sleep 0.1; done\n",
      );
      const args = ["restore", "latest", "--in-place", "--component", "database-it-s-shop", "-c", job.config];
      const planning = sandbox.start(runtime, "scripts/restore.ts", [...args, "--dry-run"]);
      const credentials = () => (existsSync(sandbox.path("run")) ? readdirSync(sandbox.path("run")) : []);
      await waitFor(() => credentials().length > 0, { what: "credentials to be written" });
      const recover = () => sandbox.run(runtime, "scripts/recover.ts", ["-c", job.config]);
      await recover();
      expect(credentials()).toHaveLength(1);
      planning.kill("SIGKILL");
      await planning.exited;
      rmSync(hanging);
      expect(credentials()).toHaveLength(1);
      expect(await recover()).toMatchObject({ exitCode: 0 });
      noLeftovers();
    }, 60_000);

    test("a dry run says what would be done, and nobody who is not there is taken for a yes", async () => {
      const dry = await run("database-shop", "--dry-run");
      expect(dry).toMatchObject({ exitCode: 0 });
      expect(dry.stdout + dry.stderr).toContain('What is there now is kept as "shop_before_');
      expect(await run("database-shop")).toMatchObject({ exitCode: 64 });
      expect(mariaDatabases()).toEqual(["shop"]);
    });
  });

  function sqlite(path: string, sql: string): string {
    return execFileSync("sqlite3", ["-readonly", path, sql], { encoding: "utf8" }).trim();
  }

  test("PostgreSQL: its owner may replace it, who is no superuser", async () => {
    postgres.sql(
      "postgres",
      "CREATE ROLE keeper LOGIN CREATEDB PASSWORD 'k'",
      "CREATE DATABASE kept OWNER keeper",
    );
    postgres.sql("kept", "CREATE TABLE t AS SELECT 1 AS x", "ALTER TABLE t OWNER TO keeper");
    const url = `postgres://keeper:k@127.0.0.1:${postgres.port}/kept`;
    const settings = { APP_DIR: undefined, RUNTIME_DIR: sandbox.path("run"), DATABASES: url, DB_MIN_KB: "0" };
    const { config } = await createJob(sandbox, settings, "kept");
    const backup = await sandbox.run("bun", "scripts/backup-run.ts", ["-c", config]);
    expect(backup).toMatchObject({ exitCode: 0, stderr: "" });
    postgres.sql("kept", "DELETE FROM t");
    const args = ["restore", "latest", "--component", "database-kept", "--in-place", "--yes", "-c", config];
    expect(await sandbox.run("bun", "scripts/restore.ts", args)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(postgres.sql("kept", "SELECT count(*) FROM t")).toBe("1");
  }, 60_000);

  test("MariaDB: nothing is touched by a user who could not make again what is there, and who is told whom it does not see", async () => {
    maria.sql(
      "mysql",
      "CREATE DATABASE crm",
      "CREATE TABLE crm.a (id INT PRIMARY KEY)",
      "GRANT ALL ON *.* TO boss@localhost IDENTIFIED BY 'boss'",
      "CREATE USER adm@localhost IDENTIFIED BY 'adm'",
      "GRANT ALL ON `crm%`.* TO adm@localhost",
      "GRANT SELECT ON mysql.* TO adm@localhost",
    );
    const url = `mysql://adm:adm@/crm?socket=${maria.socket}`;
    const settings = { APP_DIR: undefined, RUNTIME_DIR: sandbox.path("run"), DATABASES: url };
    const { config } = await createJob(sandbox, settings, "crm");
    const backup = await sandbox.run("bun", "scripts/backup-run.ts", ["-c", config]);
    expect(backup).toMatchObject({ exitCode: 0, stderr: "" });
    const own = [
      "CREATE DEFINER = boss@localhost TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.id = 1",
      "CREATE DEFINER = boss@localhost VIEW v AS SELECT * FROM a",
      "CREATE DEFINER = boss@localhost PROCEDURE p() SELECT 1",
      "CREATE DEFINER = boss@localhost FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
      "CREATE DEFINER = boss@localhost EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO SET @x = 1",
    ];
    const args = ["restore", "latest", "--component", "database-crm", "--in-place", "--yes", "-c", config];
    const names = () => maria.sql("mysql", "SHOW DATABASES LIKE 'crm%'").split("\n");
    maria.sql("crm", ...own);
    const refused = await sandbox.run("bun", "scripts/restore.ts", args);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('events of "crm" could be made again: ERROR 1227');
    expect(names()).toEqual(["crm"]);
    // Each fails if it is gone.
    maria.sql("crm", "SHOW CREATE TRIGGER t", "SHOW CREATE VIEW v", "SHOW CREATE FUNCTION f");
    maria.sql("mysql", "GRANT SET USER ON *.* TO adm@localhost");
    const ended = await sandbox.run("bun", "scripts/restore.ts", [...args, "--json"]);
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stdout).toContain(
      "connections of other users (GRANT PROCESS ON *.* to this one) cannot be seen",
    );
    for (const name of names()) maria.sql("mysql", `DROP DATABASE ${name}`);
  }, 60_000);
});

test.skipIf(!hasMariadb)(
  "MariaDB: a server that stores names in small letters knows a database by any",
  async () => {
    await using sandbox = await createSandbox();
    await using maria = await startMariadbServer({ hasSmallNames: true });
    maria.sql("mysql", "CREATE DATABASE Shop");
    maria.sql(
      "shop",
      "CREATE TABLE Item (id INT)",
      "INSERT INTO Item VALUES (1)",
      "CREATE VIEW All_items AS SELECT * FROM Item",
      "CREATE PROCEDURE ask() SELECT 1",
      "CREATE USER clerk@localhost",
      "GRANT EXECUTE ON PROCEDURE Shop.ask TO clerk@localhost",
    );
    const job = await createJob(sandbox, {
      APP_DIR: undefined,
      RUNTIME_DIR: sandbox.path("run"),
      DATABASES: `mysql://root@/Shop?socket=${maria.socket}`,
    });
    expect(await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config])).toMatchObject({
      exitCode: 0,
    });
    const granted = maria.sql("mysql", "SHOW GRANTS FOR clerk@localhost");
    maria.sql("shop", "DELETE FROM Item");
    const args = [
      "restore",
      "latest",
      "--in-place",
      "--component",
      "database-Shop",
      "-c",
      job.config,
      "--yes",
    ];
    const ended = await sandbox.run("bun", "scripts/restore.ts", args);
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(maria.sql("shop", "SELECT COUNT(*) FROM all_items")).toBe("1");
    expect(maria.sql("mysql", "SHOW GRANTS FOR clerk@localhost")).toBe(granted);
    const databases = maria.sql("mysql", "SHOW DATABASES LIKE 'shop%'").split("\n");
    expect(new Set(databases)).toEqual(new Set(["shop", expect.stringMatching(/^shop_before_/)]));
  },
  60_000,
);
