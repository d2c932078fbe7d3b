/** Dumps of whole servers, and of roles, are loaded in a drill, and what they lack is found. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createJob, type TestJob } from "#test/support/job.ts";
import { hasMariadb, type MariadbServer, startMariadbServer } from "#test/support/mariadb-server.ts";
import { hasPostgres, type PostgresServer, startPostgresServer } from "#test/support/postgres-server.ts";
import { replaceComponent } from "#test/support/replace-component.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

const script = "scripts/restore.ts";
const isWhole = process.env.LASTGOOD_FAULT === "whole";
const secret = "root-of-the-live-server";

describe.skipIf(!hasMariadb || !hasPostgres)("restore drill of whole servers", () => {
  let sandbox: Sandbox;
  let maria: MariadbServer;
  let postgres: PostgresServer;
  let job: TestJob;
  let set: string;
  let tablespace: string;

  beforeAll(async () => {
    sandbox = await createSandbox();
    mkdirSync(sandbox.path("scratch"), { mode: 0o755 });
    tablespace = sandbox.path("fast");
    mkdirSync(tablespace);
    execFileSync("chown", ["postgres:", tablespace]);
    [maria, postgres] = await Promise.all([startMariadbServer(), startPostgresServer()]);
    maria.sql("mysql", "CREATE DATABASE shop", "CREATE DATABASE `an empty one`", "CREATE DATABASE blog");
    maria.sql("shop", "CREATE TABLE a (x INT)", "INSERT INTO a VALUES (1), (2)", "CREATE TABLE b (y TEXT)");
    maria.sql("blog", "CREATE TABLE posts (x INT)", "INSERT INTO posts VALUES (1)");
    maria.sql(
      "mysql",
      "CREATE USER reader@localhost IDENTIFIED BY 'x'",
      `ALTER USER root@localhost IDENTIFIED BY '${secret}'`,
    );
    postgres.sql("postgres", `CREATE TABLESPACE fast LOCATION '${tablespace}'`);
    postgres.sql("postgres", "CREATE ROLE größe LOGIN");
    postgres.sql("postgres", 'CREATE DATABASE "Crm" OWNER größe TABLESPACE fast');
    postgres.sql("Crm", "CREATE TABLE people (name text)", "INSERT INTO people VALUES ('größe'), ('b')");
    postgres.sql("postgres", "CREATE DATABASE empty");
    const address = `postgres://postgres:${encodeURIComponent(postgres.password)}@127.0.0.1:${postgres.port}`;
    job = await createJob(sandbox, {
      RUNTIME_DIR: sandbox.path("run"),
      DATABASES: [
        `mysql://root:${secret}@/?socket=${maria.socket}`,
        `${address}/?name=pg`,
        `${address}/Crm`,
      ].join("\n"),
    });
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
  const mend = () => {
    rmSync(set, { recursive: true });
    cpSync(sandbox.path("whole"), set, { recursive: true });
  };
  /** Of the roles, whatever the server's port. */
  const globals = () => {
    const { components } = job.manifest(set) as { components: { name: string }[] };
    return components.find(({ name }) => name.startsWith("globals-"))?.name ?? "none";
  };

  test("loads all databases and roles, counts what they brought, and touches no tablespace", async () => {
    const before = readdirSync(tablespace, { recursive: true });
    const ended = await sandbox.run("deno", script, args("--json"));
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    const notes: string[] = JSON.parse(ended.stdout).notes;
    const said = (name: string) => notes.find((note) => note.startsWith(`${name}: `)) ?? "";
    expect(said("database-all")).toMatch(
      /loaded into a mysql server of its own, 3 databases and 3 tables counted, \d+ rows compared/,
    );
    expect(said("database-pg")).toContain(
      "loaded into a postgres server of its own, 2 roles and 3 databases counted, 2 rows compared",
    );
    expect(said("database-Crm")).toContain("1 table counted, 2 rows compared");
    expect(said(globals())).toContain("loaded into a postgres server of its own, 2 roles counted");
    expect(readdirSync(tablespace, { recursive: true })).toEqual(before);
    expect(readdirSync(sandbox.path("scratch"))).toEqual([]);
  }, 120_000);

  const cut = (text: string, pattern: RegExp | string) => text.replace(pattern, "");
  const faults: readonly (readonly [string, () => string, (sql: string) => string, RegExp])[] = [
    [
      "a table that a dump of MariaDB lacks",
      () => "database-all",
      (sql) => cut(sql, /--\n-- Table structure for table `b`[\s\S]*?UNLOCK TABLES;\n/),
      /it has 2 tables, 3 were dumped[\s\S]*the table "shop\.b" is missing/,
    ],
    [
      "an empty database that it lacks",
      () => "database-all",
      (sql) => cut(sql, /(?:CREATE DATABASE|USE) [^\n]*`an empty one`[^\n]*;\n/g),
      /the database "an empty one" is missing/,
    ],
    [
      "a user that it lacks",
      () => "database-all",
      (sql) =>
        cut(cut(sql, /(?<=\n)\('localhost','reader',[^\n]*,\n/), /,\n\('localhost','reader',[^\n]*(?=;\n)/),
      /the table "mysql\.global_priv" has \d+ rows, \d+ were dumped/,
    ],
    [
      "a dump of MariaDB that is cut before its end",
      () => "database-all",
      (sql) => sql.slice(0, sql.indexOf("-- Dump completed")),
      /its end is missing/,
    ],
    [
      "a row that a dump of PostgreSQL lacks",
      () => "database-pg",
      (sql) => sql.replace("\ngröße\nb\n", "\nb\n"),
      /the table "Crm\.public\.people" has 1 row, 2 were dumped/,
    ],
    [
      "a database that it lacks",
      () => "database-pg",
      (sql) =>
        cut(cut(sql, /CREATE DATABASE empty [^\n]*\n/), /ALTER DATABASE empty [^\n]*\n/).replaceAll(
          "\\connect empty",
          "\\connect postgres",
        ),
      /the database "empty" is missing/,
    ],
    [
      "a dump of PostgreSQL that is cut before its end",
      () => "database-pg",
      (sql) => sql.slice(0, sql.indexOf("-- PostgreSQL database cluster dump complete")),
      /its end is missing/,
    ],
    [
      "words that the server does not understand",
      () => "database-pg",
      (sql) => sql.replace("CREATE TABLE public.people", "CREATE TABEL public.people"),
      /syntax error at or near "TABEL"/,
    ],
    [
      "words that MariaDB does not understand, and says nothing of the rows in them",
      () => "database-all",
      (sql) => sql.replace("INSERT INTO `posts` VALUES", "INSERT INTO `posts` VALEUS"),
      /server of its own": ERROR 1064 [^\n]*near 'VALEUS/,
    ],
    [
      "a role that is missing",
      globals,
      (sql) => cut(cut(sql, /CREATE ROLE "größe";\n/), /ALTER ROLE "größe"[^\n]*\n/),
      /it has 1 role, 2 were dumped/,
    ],
  ];
  // Each takes a server: every other one by default.
  test.each(isWhole ? faults : faults.filter((_fault, index) => index % 2 === 0))(
    "finds %s",
    async (_name, component, change, words) => {
      replaceComponent(set, component(), (sql) => change(sql.toString()));
      try {
        const ended = await sandbox.run("bun", script, args("--component", component()));
        expect(ended.exitCode).toBe(2);
        expect(ended.stderr).toMatch(words);
        expect(readdirSync(sandbox.path("scratch"))).toEqual([]);
      } finally {
        mend();
      }
    },
    60_000,
  );

  test("reads dumps of another host to their end, and loads none of them unless it is told to", async () => {
    const { host } = JSON.parse(readFileSync(`${set}/manifest.json`, "utf8"));
    // By the user of the server, not by root.
    mkdirSync(sandbox.path("open"));
    chmodSync(sandbox.path("open"), 0o777);
    const traceOfPsql = sandbox.path("open/touched");
    replaceComponent(set, globals(), (sql) => `\\! touch ${traceOfPsql}\n${sql}`);
    const run = (...more: string[]) =>
      sandbox.run("bun", script, args("--component", globals(), "--json", ...more));
    try {
      const foreign = readFileSync(`${set}/manifest.json`, "utf8").replace(host.machineId, "f".repeat(32));
      writeFileSync(`${set}/manifest.json`, foreign);
      replaceComponent(set, globals(), (sql) => sql);
      const ended = await run();
      expect(JSON.parse(ended.stdout).notes).toContainEqual(
        expect.stringContaining(
          "read to its end, not loaded: it is of another host, and --trust was not given",
        ),
      );
      expect(existsSync(traceOfPsql)).toBe(false);
      await run("--trust");
      expect(existsSync(traceOfPsql)).toBe(true);
    } finally {
      mend();
    }
  }, 60_000);

  test("says that a path is too long for a socket", async () => {
    const deep = sandbox.path("scratch", "x".repeat(60));
    mkdirSync(deep);
    const ended = await sandbox.run("bun", script, [
      "drill",
      "-c",
      job.config,
      "--to",
      deep,
      "--component",
      globals(),
    ]);
    rmSync(deep, { recursive: true });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/the path of its socket would have \d+ bytes, 107 are possible/);
  }, 60_000);
});
