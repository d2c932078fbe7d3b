/** Dumps come back into new databases of real servers, beside those in use; what cannot be loaded whole leaves nothing. */
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
import { createJob, type TestJob } from "#test/support/job.ts";
import { hasMariadb, type MariadbServer, startMariadbServer } from "#test/support/mariadb-server.ts";
import { hasPostgres, type PostgresServer, startPostgresServer } from "#test/support/postgres-server.ts";
import { replaceComponent } from "#test/support/replace-component.ts";
import { createSandbox, type Runtime, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/restore.ts";
const rows = 2000;
const postgresLocale =
  "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' ENCODING 'UTF8'";

describe.skipIf(!hasMariadb || !hasPostgres)("restore of databases", () => {
  let sandbox: Sandbox;
  let maria: MariadbServer;
  let postgres: PostgresServer;
  let job: TestJob;
  let set: string;

  beforeAll(async () => {
    sandbox = await createSandbox();
    [maria, postgres] = await Promise.all([startMariadbServer(), startPostgresServer()]);
    maria.sql("mysql", "CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_german2_ci");
    maria.sql(
      "shop",
      "CREATE TABLE orders (id INT PRIMARY KEY, note TEXT)",
      `INSERT INTO orders SELECT seq, CONCAT('größe\\n', seq) FROM seq_1_to_${rows}`,
      "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = UPPER(NEW.note)",
      "CREATE PROCEDURE p() SELECT 1",
      "CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DO DELETE FROM shop.orders",
    );
    postgres.sql(
      "postgres",
      "CREATE ROLE owner LOGIN",
      `CREATE DATABASE "it's=shop" OWNER owner ${postgresLocale}`,
    );
    postgres.sql(
      "it's=shop",
      "CREATE TABLE orders (id serial PRIMARY KEY, note text)",
      "ALTER TABLE orders OWNER TO owner",
      `INSERT INTO orders (note) SELECT 'größe' || g FROM generate_series(1, ${rows}) g`,
    );
    execFileSync("sqlite3", [sandbox.path("app.db"), "CREATE TABLE t (x); INSERT INTO t VALUES (42)"]);
    const password = encodeURIComponent(postgres.password);
    job = await createJob(sandbox, {
      APP_DIR: undefined,
      RUNTIME_DIR: sandbox.path("run"),
      DATABASES: [
        `mysql://root@/shop?socket=${maria.socket}`,
        `postgres://postgres:${password}@127.0.0.1:${postgres.port}/it%27s%3Dshop`,
        `sqlite://${sandbox.path("app.db")}`,
      ].join("\n"),
    });
    const ended = await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    set = job.sets()[0] ?? "no set";
  }, 120_000);
  afterAll(async () => {
    await maria?.[Symbol.asyncDispose]();
    await postgres?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });

  const isRestored = (name: string) => name.includes("_restored_");
  const records = () =>
    readdirSync(sandbox.path("state/app")).filter((name) => name.startsWith("restoring-"));
  const loaders = [
    ["mariadb", "database-shop", "bun"],
    ["pg_restore", "database-it-s-shop", "deno"],
  ] as const;
  /** A restore that its own loader ends: the new database has been made, and nothing is in it yet. */
  const restoreUntil = async (
    blow: "KILL" | "TERM",
    program: string,
    component: string,
    runtime: Runtime,
  ) => {
    const isNone = `case "$*" in *--database=* | *--dbname=*) ;; *) exec /usr/bin/${program} "$@" ;; esac`;
    await sandbox.fake(program, `#!/bin/bash\n${isNone}\nkill -${blow} $PPID\nsleep 10\n`);
    const args = ["restore", "latest", "-c", job.config, "--component", component];
    const ended = await sandbox.run(runtime, script, [...args, "--to", sandbox.path(`until-${blow}`)]);
    rmSync(join(sandbox.bin, program));
    return ended;
  };

  test.each(loaders)(
    "leaves half a database when it is killed in %s, which recover drops",
    async (program, component, runtime) => {
      const before = databases();
      expect(await restoreUntil("KILL", program, component, runtime)).toMatchObject({ signal: "SIGKILL" });
      expect(databases()).not.toEqual(before);
      const next = await sandbox.run(runtime, "scripts/recover.ts", ["-c", job.config]);
      expect(next.exitCode).toBe(0);
      expect(next.stderr).toContain("Removed what was half restored: database ");
      expect(databases()).toEqual(before);
      expect(records()).toEqual([]);
    },
  );

  test.each(loaders)("leaves nothing when it is stopped in %s", async (program, component, runtime) => {
    const before = databases();
    expect(await restoreUntil("TERM", program, component, runtime)).toMatchObject({ exitCode: 143 });
    expect(databases()).toEqual(before);
    expect(records()).toEqual([]);
  });

  test("leaves alone what somebody has made in the place of half a database", async () => {
    await restoreUntil("KILL", ...loaders[0]);
    const half = databases().maria.find(isRestored);
    maria.sql("mysql", `DROP DATABASE \`${half}\``, `CREATE DATABASE \`${half}\``);
    const next = await sandbox.run("bun", "scripts/recover.ts", ["-c", job.config]);
    const isKept = databases().maria.includes(half!);
    maria.sql("mysql", `DROP DATABASE IF EXISTS \`${half}\``);
    expect(next.stderr).toContain(`Left as it is: database "${half}"`);
    expect(isKept).toBe(true);
  });

  test("drops half a database that the server is just tidying up, by a user who may not stop that", async () => {
    const autovacuum = {
      autovacuum_naptime: 1,
      autovacuum_vacuum_cost_delay: 100,
      autovacuum_vacuum_cost_limit: 1,
    };
    postgres.sql(
      "postgres",
      "CREATE ROLE maker LOGIN CREATEDB PASSWORD 'm'",
      "CREATE DATABASE half OWNER maker",
      "COMMENT ON DATABASE half IS 'lastgood_restoring_0badcafe'",
      ...Object.entries(autovacuum).map(([name, value]) => `ALTER SYSTEM SET ${name} = ${value}`),
      "SELECT pg_reload_conf()",
    );
    postgres.sql("half", "CREATE TABLE t AS SELECT generate_series(1, 200000) x", "DELETE FROM t");
    const url = `postgres://maker:m@127.0.0.1:${postgres.port}/half`;
    const RUNTIME_DIR = sandbox.path("run");
    const maker = await createJob(sandbox, { APP_DIR: undefined, RUNTIME_DIR, DATABASES: url }, "maker");
    const begun = { schema: 1, runId: "0badcafe-1", component: "database-half", database: "half" };
    mkdirSync(sandbox.path("state/maker"), { recursive: true });
    // No process has a number that high.
    writeFileSync(sandbox.path("state/maker/restoring-0badcafe.pid-99999999"), JSON.stringify(begun));
    const workers = "SELECT backend_type FROM pg_stat_activity WHERE datname = 'half'";
    const isTidying = () => postgres.sql("postgres", workers).includes("autovacuum");
    await waitFor(isTidying, { timeoutMs: 60_000, what: "autovacuum" });
    const next = await sandbox.run("bun", "scripts/recover.ts", ["-c", maker.config]);
    postgres.sql(
      "postgres",
      "DROP DATABASE IF EXISTS half",
      "ALTER SYSTEM RESET ALL",
      "SELECT pg_reload_conf()",
    );
    expect(next.stderr).toContain('Removed what was half restored: database "half"');
  }, 90_000);

  const databases = () => ({
    maria: maria.sql("mysql", "SHOW DATABASES").split("\n"),
    postgres: postgres.sql("postgres", "SELECT datname FROM pg_database").split("\n"),
  });

  describe.each(runtimes)("on %s", (runtime) => {
    const run = (...args: string[]) => sandbox.run(runtime, script, ["restore", ...args]);

    test("makes a new database of each dump, alike to the last row, and a file of each other", async () => {
      const to = sandbox.path(`all-${runtime}`);
      const ended = await run("latest", "-c", job.config, "--to", to);
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
      const names = {
        maria: `shop_restored_${basename(set)}`,
        postgres: `it's=shop_restored_${basename(set)}`,
      };
      const sum = (name: string) => maria.sql(name, "CHECKSUM TABLE orders").split("\t")[1];
      expect(sum(names.maria)).toBe(sum("shop")!);
      const about =
        "SELECT @@collation_database, COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()";
      expect(maria.sql(names.maria, about)).toBe(maria.sql("shop", about));
      expect(ended.stdout).toContain(`: ALTER EVENT \`${names.maria}\`.\`tidy\` ENABLE;`);
      const events =
        "SELECT EVENT_NAME, STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()";
      expect(maria.sql(names.maria, events)).toBe("tidy\tDISABLED");
      const content =
        "SELECT md5(string_agg(orders::text, ',' ORDER BY id)), pg_get_userbyid(relowner) FROM orders, pg_class WHERE relname = 'orders' GROUP BY 2";
      expect(postgres.sql(names.postgres, content)).toBe(postgres.sql("it's=shop", content));
      const locale = (name: string) =>
        postgres.sql(
          "postgres",
          `SELECT datlocprovider, daticulocale, datcollate, datctype FROM pg_database WHERE datname = '${name.replaceAll("'", "''")}'`,
        );
      expect(locale(names.postgres)).toBe(locale("it's=shop"));
      const files = readdirSync(to);
      expect(new Set(files)).toEqual(
        new Set(["database-app.sqlite", files.find((name) => name.startsWith("globals-"))!]),
      );
      expect(execFileSync("sqlite3", [join(to, "database-app.sqlite"), "SELECT x FROM t"]).toString()).toBe(
        "42\n",
      );
      expect(statSync(join(to, "database-app.sqlite")).mode & 0o777).toBe(0o600);
      expect(existsSync(sandbox.path("run")) ? readdirSync(sandbox.path("run")) : []).toEqual([]);
      maria.sql("mysql", `DROP DATABASE \`${names.maria}\``);
      postgres.sql("postgres", `DROP DATABASE "${names.postgres}"`);
    }, 60_000);

    test("makes files of the dumps where no server is known, which the servers' own programs take", async () => {
      const to = sandbox.path(`files-${runtime}`);
      const ended = await run(
        "latest",
        "--from",
        job.backups,
        "--to",
        to,
        "--component",
        "database-shop,database-it-s-shop",
      );
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
      expect(ended.stdout).toContain("to be loaded by: mariadb -e 'CREATE DATABASE `shop`");
      maria.sql("mysql", "CREATE DATABASE by_hand");
      execFileSync("mariadb", ["--no-defaults", `--socket=${maria.socket}`, "-uroot", "by_hand"], {
        input: readFileSync(join(to, "database-shop.sql")),
      });
      expect(maria.sql("by_hand", "SELECT COUNT(*) FROM orders")).toBe(String(rows));
      maria.sql("mysql", "DROP DATABASE by_hand");
    }, 60_000);

    test("touches no database that exists", async () => {
      const before = databases();
      const ended = await run(
        "latest",
        "-c",
        job.config,
        "--component",
        "database-shop",
        "--database",
        "shop",
        "--to",
        sandbox.path("x"),
      );
      expect(ended.exitCode).toBe(2);
      expect(ended.stdout).toMatch(
        /^FAILED: database-shop: Cannot create the database "shop": .*database exists/m,
      );
      expect(databases()).toEqual(before);
      expect(maria.sql("shop", "SELECT COUNT(*) FROM orders")).toBe(String(rows));
    });

    test.each([
      ["a dump that is cut", (sql: string) => `${sql.slice(0, sql.indexOf("INSERT"))}INSERT INTO`, "syntax"],
      [
        "a dump without its end",
        (sql: string) => sql.slice(0, sql.lastIndexOf("-- Dump completed")),
        "its end is missing",
      ],
      [
        "a dump of several databases",
        (sql: string) => `${sql}\nUSE \`mysql\`;\nDROP TABLE user;\n`,
        "no dump of a single database",
      ],
      ["a dump that lacks a table", () => "SELECT 1;\n-- Dump completed\n", "it has 0 tables, 1 was dumped"],
    ])("leaves nothing that looks whole of %s", async (_name, change, words) => {
      const copy = sandbox.path(`changed-${runtime}`, "web1/app", basename(set));
      cpSync(set, copy, { recursive: true });
      replaceComponent(copy, "database-shop", (sql) => change(sql.toString()));
      const before = databases();
      const ended = await run(
        "latest",
        "-c",
        job.config,
        "--from",
        join(copy, ".."),
        "--component",
        "database-shop",
        "--to",
        sandbox.path("y"),
      );
      const after = databases();
      maria.sql("mysql", `DROP DATABASE IF EXISTS \`shop_restored_${basename(set)}\``);
      expect(`${ended.stdout}${ended.stderr}`).toContain(words);
      expect(ended.exitCode).toBe(words.startsWith("it has") ? 1 : 2);
      if (ended.exitCode === 2) expect(after).toEqual(before);
    });

    test("makes a file of the dump of another host, whose statements nobody vouches for", async () => {
      const copy = sandbox.path(`foreign-${runtime}`, "web1/app", basename(set));
      cpSync(set, copy, { recursive: true });
      const manifest = JSON.parse(readFileSync(join(copy, "manifest.json"), "utf8"));
      manifest.host.machineId = "0".repeat(32);
      writeFileSync(join(copy, "manifest.json"), JSON.stringify(manifest));
      replaceComponent(copy, "database-shop", (sql) => `CREATE DATABASE/**/planted;\n${sql}`);
      const args = ["latest", "-c", job.config, "--from", join(copy, ".."), "--component", "database-shop"];
      const to = sandbox.path(`foreign-to-${runtime}`);
      const before = databases();
      const ended = await run(...args, "--to", to);
      const refused = await run(...args, "--to", to, "--database", "other");
      const inPlace = await run(...args, "--in-place", "--yes");
      expect(databases()).toEqual(before);
      expect(ended).toMatchObject({ exitCode: 0 });
      expect(readdirSync(to)).toEqual(["database-shop.sql"]);
      expect([refused.exitCode, inPlace.exitCode]).toEqual([64, 64]);
      expect(refused.stderr).toContain("--trust");
      expect(inPlace.stderr).toContain("--trust");
      const trusted = await run(...args, "--to", `${to}2`, "--database", "other", "--trust");
      const names = databases().maria;
      maria.sql("mysql", "DROP DATABASE IF EXISTS other", "DROP DATABASE IF EXISTS planted");
      expect(trusted).toMatchObject({ exitCode: 0 });
      expect(names).toContain("other");
    }, 60_000);

    test("brings the data back on a server that lacks the roles, and says which", async () => {
      postgres.sql("postgres", 'ALTER DATABASE "it\'s=shop" OWNER TO postgres');
      postgres.sql("it's=shop", "REASSIGN OWNED BY owner TO postgres", "DROP ROLE owner");
      const ended = await run(
        "latest",
        "-c",
        job.config,
        "--component",
        "database-it-s-shop",
        "--database",
        "other",
        "--to",
        sandbox.path("z"),
      );
      postgres.sql("postgres", "CREATE ROLE owner LOGIN", 'ALTER DATABASE "it\'s=shop" OWNER TO owner');
      postgres.sql("it's=shop", "ALTER TABLE orders OWNER TO owner");
      const found = postgres.sql("other", "SELECT count(*) FROM orders");
      postgres.sql("postgres", "DROP DATABASE other");
      expect(ended.exitCode).toBe(1);
      expect(ended.stdout).toContain('its owners are not: role "owner" does not exist');
      expect(found).toBe(String(rows));
    });
  });
});
