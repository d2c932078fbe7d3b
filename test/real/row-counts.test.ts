/** What passes by in a dump's proof, against what the servers themselves count, with data and names made to mislead. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { MysqlTarget, PostgresTarget } from "#lib/core/database-url.ts";
import { compareRows, rowCountsOf, type TableRows } from "#lib/core/row-counts.ts";
import { createSecret } from "#lib/core/secret.ts";
import { createMysqlLoader } from "#lib/sources/load-mysql.ts";
import { createPostgresLoader } from "#lib/sources/load-postgres.ts";
import { createMysqlSource } from "#lib/sources/mysql.ts";
import { createPostgresSources } from "#lib/sources/postgres.ts";
import { createSqliteSource } from "#lib/sources/sqlite.ts";
import { hasMariadb, type MariadbServer, startMariadbServer } from "#test/support/mariadb-server.ts";
import { openSource } from "#test/support/open-source.ts";
import { hasPostgres, type PostgresServer, startPostgresServer } from "#test/support/postgres-server.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const pieces = [
  "'",
  '"',
  "`",
  "\\",
  "\n",
  "\r",
  "\t",
  ";",
  "(",
  ")",
  ",",
  "\\.",
  "\\N",
  "--",
  "/*",
  "*/",
  "$$",
];
const words = ["VALUES (1),(2);", "\nINSERT INTO `t` VALUES (1);\n", "\nCOPY t (a) FROM stdin;\n", "\n\\.\n"];
const nasty = fc
  .array(fc.oneof(fc.constantFrom(...pieces, ...words, "😀", "größe", "\u0001"), fc.string()), {
    maxLength: 8,
  })
  .map((parts) => parts.join("").replaceAll("\0", ""));
const rowsOf = fc.array(fc.option(nasty), { maxLength: 30 });
/** Names of tables, each of them another. */
const names = [
  "plain",
  "\\.",
  "with`tick",
  'with"quote',
  "it's",
  "\\",
  "a b;",
  "größe",
  "-- t",
  "VALUES (1)",
  "$$",
  "(",
  "*/",
];

const mysqlText = (text: string | null) =>
  text === null ? "NULL" : `CONVERT(0x${Buffer.from(text).toString("hex") || "20"} USING utf8mb4)`;
const postgresText = (text: string | null) =>
  text === null ? "NULL" : `convert_from('\\x${Buffer.from(text).toString("hex")}', 'UTF8')`;

/** What is said when each of these tables lacks one row. */
const lossesOf = (tables: readonly TableRows[]) => compareRows(tables, ({ rows }) => rows - 1);

const backtick = (name: string) => `\`${name.replaceAll("`", "``")}\``;
const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

describe.skipIf(!hasMariadb)("rows of a dump of MariaDB", () => {
  let server: MariadbServer;
  beforeAll(async () => {
    server = await startMariadbServer();
  }, 60_000);
  afterAll(() => server?.[Symbol.asyncDispose]());

  const targetOf = (database: string | undefined): MysqlTarget => ({
    kind: "mysql",
    user: "root",
    password: undefined,
    host: undefined,
    port: undefined,
    socket: server.socket,
    database,
    container: undefined,
    componentName: "database-rows",
  });
  const sourceOf = (database: string | undefined) => createMysqlSource(targetOf(database), { DB_MIN_KB: 1 });

  test("are those that the server counts, whatever the data and the names", async () => {
    await using sandbox = await createSandbox();
    await fc.assert(
      fc.asyncProperty(fc.tuple(...names.map(() => rowsOf)), async (tables) => {
        const expected = tables.map((rows, index) => ({ name: names[index]!, rows: rows.length }));
        const fill = tables.flatMap((rows, index) => {
          const table = backtick(names[index]!);
          const values = rows.map((text) => `(${mysqlText(text)}, 0x00275C2229)`).join(",");
          return [
            `CREATE TABLE ${table} (a LONGTEXT COMMENT 'it''s (', b BLOB)`,
            ...(rows.length === 0 ? [] : [`INSERT INTO ${table} VALUES ${values}`]),
          ];
        });
        server.sql("mysql", "DROP DATABASE IF EXISTS nasty", "CREATE DATABASE nasty CHARACTER SET utf8mb4");
        server.sql("nasty", ...fill);
        await using dump = await openSource(sandbox, sourceOf("nasty"));
        const { proven } = await dump.writeWhole();
        expect(new Set(proven?.rows?.tables)).toEqual(new Set(expected));
        const loader = await createMysqlLoader(targetOf("nasty"), "nasty", {}, dump.access);
        const facts = { rows: proven?.rows };
        expect(await loader.compareRows(facts)).toEqual([]);
        const filled = (proven?.rows?.tables ?? []).filter(({ rows }) => rows > 0);
        server.sql("nasty", ...filled.map(({ name }) => `DELETE FROM ${backtick(name)} LIMIT 1`));
        expect(await loader.compareRows(facts)).toEqual(lossesOf(filled));
      }),
      { numRuns: 8 },
    );
  }, 120_000);

  test.each([
    "skip-extended-insert",
    "complete-insert",
    "insert-ignore",
    "replace",
    "skip-quote-names",
    "compatible=ansi",
    "skip-opt",
    "no-create-info",
    "net-buffer-length=4096",
  ])("are the same when an option file says %s", async (option) => {
    await using sandbox = await createSandbox();
    await sandbox.write("home/.my.cnf", `[mysqldump]\n${option}\n`, 0o600);
    server.sql(
      "mysql",
      "CREATE OR REPLACE DATABASE options",
      "USE options",
      "CREATE TABLE some (a INT, b TEXT)",
      "INSERT INTO some SELECT seq, CONCAT('VALUES (', seq, '),(\\'') FROM seq_1_to_500",
    );
    await using dump = await openSource(sandbox, sourceOf("options"));
    expect((await dump.writeWhole()).proven?.rows).toMatchObject({ tables: [{ name: "some", rows: 500 }] });
  });

  test("leave out views, routines, triggers and sequences, and know generated columns, past rows and databases", async () => {
    await using sandbox = await createSandbox();
    server.sql("mysql", "CREATE DATABASE one", "CREATE DATABASE `t``wo`");
    server.sql(
      "one",
      "CREATE TABLE made (a INT, b INT AS (a + 1) STORED, `c(` TEXT DEFAULT 'VALUES (')",
      "INSERT INTO made (a) SELECT seq FROM seq_1_to_5000",
      "CREATE TABLE past (a INT) WITH SYSTEM VERSIONING",
      "INSERT INTO past VALUES (1), (2)",
      "UPDATE past SET a = 3",
      "CREATE TABLE parts (a INT) PARTITION BY HASH (a) PARTITIONS 3",
      "INSERT INTO parts SELECT seq FROM seq_1_to_100",
      "CREATE VIEW seen AS SELECT a AS `x\nINSERT INTO ``made`` VALUES (1)` FROM made",
      "CREATE SEQUENCE counter",
      "CREATE PROCEDURE p() COMMENT 'it''s' INSERT INTO made (a) VALUES (1), (2)",
      "CREATE TRIGGER tr BEFORE INSERT ON parts FOR EACH ROW SET NEW.a = 'it''s'",
    );
    execFileSync("mariadb", ["--no-defaults", `--socket=${server.socket}`, "--user=root", "one"], {
      input:
        "DELIMITER $$\nCREATE PROCEDURE q()\nBEGIN\n-- it's\nINSERT INTO `made` (a) VALUES (1);\n" +
        "SELECT 'x\nCREATE TABLE `no` (a INT);\nINSERT INTO `no` VALUES (1);\n';\nEND$$\n",
    });
    server.sql("t`wo", "CREATE TABLE made (a INT)", "INSERT INTO made VALUES (1)");
    await using single = await openSource(sandbox, sourceOf("one"));
    const { proven } = await single.writeWhole();
    expect(proven?.rows).toEqual({
      total: 5104,
      tableCount: 3,
      tables: [
        { name: "made", rows: 5000 },
        { name: "parts", rows: 100 },
        { name: "past", rows: 4 },
      ],
    });
    const loader = await createMysqlLoader(targetOf("one"), "one", {}, single.access);
    expect(await loader.compareRows({ rows: proven?.rows })).toEqual([]);
    await using all = await openSource(sandbox, sourceOf(undefined));
    const tables = (await all.writeWhole()).proven?.rows?.tables;
    expect(tables).toContainEqual({ database: "one", name: "made", rows: 5000 });
    expect(tables).toContainEqual({ database: "t`wo", name: "made", rows: 1 });
  }, 60_000);
});

describe.skipIf(!hasPostgres)("rows of a dump of PostgreSQL", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgresServer();
  }, 60_000);
  afterAll(() => server?.[Symbol.asyncDispose]());

  const targetOf = (database: string | undefined): PostgresTarget => ({
    kind: "postgres",
    user: "postgres",
    password: createSecret(server.password),
    host: "127.0.0.1",
    port: server.port,
    socket: undefined,
    database,
    container: undefined,
    componentName: "database-rows",
  });
  const sourceOf = (database: string | undefined) =>
    createPostgresSources(targetOf(database), { DB_MIN_KB: 1 })[0]!;

  test("are those that were inserted, whatever the data and the names", async () => {
    await using sandbox = await createSandbox();
    await fc.assert(
      fc.asyncProperty(fc.tuple(...names.map(() => rowsOf)), async (tables) => {
        const all = [...names, "new\nline"];
        const expected = all.map((name, index) => ({
          schema: "odd.schema",
          name,
          rows: tables[index]?.length ?? 0,
        }));
        const fill = all.flatMap((name, index) => {
          const table = `"odd.schema".${quote(name)}`;
          const values = (tables[index] ?? []).map((text) => `(${postgresText(text)}, '\\x00275c0a')`);
          return [
            `CREATE TABLE ${table} (a text, b bytea)`,
            ...(values.length === 0 ? [] : [`INSERT INTO ${table} VALUES ${values.join(",")}`]),
          ];
        });
        server.sql("postgres", "DROP DATABASE IF EXISTS nasty", "CREATE DATABASE nasty");
        server.sql("nasty", 'CREATE SCHEMA "odd.schema"', fill.join(";\n"));
        await using dump = await openSource(sandbox, sourceOf("nasty"));
        const { proven } = await dump.writeWhole();
        expect(new Set(proven?.rows?.tables)).toEqual(new Set(expected));
        // Its own password would find the dump's in its place.
        rmSync(join(dump.privateDirectory, "pgpass"));
        const loader = await createPostgresLoader(targetOf("nasty"), "nasty", {}, dump.access);
        const facts = { rows: proven?.rows };
        expect(await loader.compareRows(facts)).toEqual([]);
        const filled = (proven?.rows?.tables ?? []).filter(({ rows }) => rows > 0);
        const remove = ({ name }: TableRows) =>
          `DELETE FROM "odd.schema".${quote(name)} WHERE ctid = (SELECT min(ctid) FROM "odd.schema".${quote(name)})`;
        server.sql("nasty", filled.map(remove).join(";\n") || "SELECT 1");
        expect(await loader.compareRows(facts)).toEqual(lossesOf(filled));
      }),
      { numRuns: 8 },
    );
  }, 120_000);

  test("leave out views and functions, and know partitions, heirs, tables without columns and databases", async () => {
    await using sandbox = await createSandbox();
    server.sql("postgres", "CREATE DATABASE one", `CREATE DATABASE "t'w ""o\\"`);
    server.sql(
      "one",
      "CREATE TABLE made (a int, b int GENERATED ALWAYS AS (a + 1) STORED)",
      "INSERT INTO made SELECT generate_series(1, 5000)",
      "CREATE TABLE bare ()",
      "INSERT INTO bare DEFAULT VALUES",
      "INSERT INTO bare DEFAULT VALUES",
      "CREATE TABLE parts (a int) PARTITION BY RANGE (a)",
      "CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (10)",
      "INSERT INTO parts SELECT generate_series(1, 9)",
      "CREATE TABLE parent (a text)",
      "CREATE TABLE heir () INHERITS (parent)",
      "INSERT INTO parent VALUES ('a'), (E'\\\\.'), ('')",
      "INSERT INTO heir VALUES ('b')",
      "CREATE MATERIALIZED VIEW seen AS SELECT a FROM made",
      "CREATE FUNCTION f(int) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT 'it''s $x$'::text || $1; END",
      "SET check_function_bodies = off; CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $body$\nCOPY made (a) FROM stdin;\n1\n\\.\nSELECT $$it's$$;\n$body$",
      "COMMENT ON TABLE made IS E'it''s -- \\n\\\\connect nowhere\\nCOPY made (a) FROM stdin;\\n'",
      "SELECT lo_from_bytea(0, '\\x0a5c2e0a')",
    );
    server.sql(`t'w "o\\`, "CREATE TABLE made (a int)", "INSERT INTO made VALUES (1)");
    const expected = [
      { schema: "public", name: "bare", rows: 2 },
      { schema: "public", name: "heir", rows: 1 },
      { schema: "public", name: "low", rows: 9 },
      { schema: "public", name: "made", rows: 5000 },
      { schema: "public", name: "parent", rows: 3 },
    ];
    await using single = await openSource(sandbox, sourceOf("one"));
    const { proven } = await single.writeWhole();
    expect(proven?.rows).toMatchObject({ total: 5015, tableCount: 5 });
    expect(new Set(proven?.rows?.tables)).toEqual(new Set(expected));
    rmSync(join(single.privateDirectory, "pgpass"));
    const loader = await createPostgresLoader(targetOf("one"), "one", {}, single.access);
    expect(await loader.compareRows({ rows: proven?.rows })).toEqual([]);
    server.sql("one", "DELETE FROM ONLY parent WHERE a = 'a'");
    expect(await loader.compareRows({ rows: proven?.rows })).toEqual([
      'the table "public.parent" has 2 rows, 3 were dumped',
    ]);
    server.sql("one", "INSERT INTO parent VALUES ('a')");
    await using all = await openSource(sandbox, sourceOf(undefined));
    const tables = (await all.writeWhole()).proven?.rows?.tables;
    for (const table of expected) expect(tables).toContainEqual({ database: "one", ...table });
    expect(tables).toContainEqual({ database: `t'w "o\\`, schema: "public", name: "made", rows: 1 });
  }, 60_000);
});

test("rows of a copy of SQLite are those of every table, virtual ones aside", async () => {
  await using sandbox = await createSandbox();
  const path = sandbox.path("app.db");
  const tables = names.map((name, index) => ({ name, rows: index % 3 }));
  const statements = tables.flatMap(({ name, rows }) => [
    `CREATE TABLE ${quote(name)} (a)`,
    ...Array.from({ length: rows }, () => `INSERT INTO ${quote(name)} VALUES ('x')`),
  ]);
  execFileSync("sqlite3", [
    "-bail",
    path,
    [...statements, "CREATE VIEW seen AS SELECT 1", "CREATE VIRTUAL TABLE found USING fts5(a)"].join(";\n"),
  ]);
  const source = createSqliteSource(
    { kind: "sqlite", path, componentName: "database-app" },
    { DB_MIN_KB: 1 },
  );
  await using copy = await openSource(sandbox, source);
  const listed = rowCountsOf(copy.open.facts)?.tables ?? [];
  expect(new Set(listed.filter(({ name }) => !name.startsWith("found")))).toEqual(new Set(tables));
  expect(listed).not.toContainEqual(expect.objectContaining({ name: "found" }));
});
