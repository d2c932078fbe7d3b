/** A dump of one database of PostgreSQL in custom format, loaded into a new database. */
import { z } from "zod";
import type { PostgresTarget } from "#lib/core/database-url.ts";
import { describeLocale, quoteName } from "#lib/core/postgres-properties.ts";
import { createPostgresReader } from "#lib/core/postgres-status.ts";
import {
  compareTables,
  type DatabaseLoader,
  findLostRows,
  type LoadEnd,
} from "#lib/sources/load-database.ts";
import { askPostgres, connectPostgres, type PostgresConnection } from "#lib/sources/postgres-connection.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

const tableList = z.array(z.tuple([z.string(), z.string()]));
const listTables = `
  SELECT coalesce(json_agg(json_build_array(nspname, relname)), '[]')
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE relkind IN ('r', 'p')`;

/** Empty: of a server that knows none but libc. */
const askProvider =
  "SELECT coalesce(row_to_json(pg_database)->>'datlocprovider', '') FROM pg_database WHERE datname = 'template0'";

/** That of template0, which a superuser alone may name, and nobody has to. */
const usualTablespace = "pg_default";

const missingRole = /role "[^"]*" does not exist/;
const commandIsOver = /^(?:Command was:|errors ignored on restore)/;

export async function createPostgresLoader(
  target: PostgresTarget,
  name: string,
  facts: Readonly<Record<string, unknown>>,
  access: SourceAccess,
): Promise<DatabaseLoader> {
  // By another database: the new one does not exist yet, and the old one may be gone.
  const server = await connectPostgres({ ...target, database: "postgres" }, access);
  const quoted = `"${name.replaceAll('"', '""')}"`;
  const literal = `dbname='${name.replaceAll(/[\\']/g, "\\$&")}'`;
  const created: PostgresConnection = {
    ...server,
    connected: (program, ...args) => server.connected(program, `--dbname=${literal}`, ...args),
  };
  return {
    create: async () => {
      const problem = `Cannot create the database "${name}"`;
      const usual = await askPostgres(server, access, askProvider, problem);
      const options = describeLocale(facts, usual);
      const { tablespace } = facts;
      if (typeof tablespace === "string" && tablespace !== usualTablespace)
        options.push(`TABLESPACE ${quoteName(tablespace)}`);
      const sql = ["CREATE DATABASE", quoted, "TEMPLATE template0", ...options].join(" ");
      await askPostgres(server, access, sql, problem);
    },
    command: server.connectedWithInput("pg_restore", "--no-password", `--dbname=${literal}`),
    env: server.env,
    inspect: () => undefined,
    judge: judgeRestore,
    compare: async (dumped) => {
      const sql =
        "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') " +
        "AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)";
      return compareTables(
        Number(await askPostgres(created, access, sql, `Cannot look into "${name}"`)),
        dumped,
      );
    },
    compareRows: async (dumped) => {
      const problem = `Cannot count the rows of "${name}"`;
      const tables = tableList.parse(JSON.parse(await askPostgres(created, access, listTables, problem)));
      const names = new Set(tables.map(([schema, table]) => quoteTable(schema, table)));
      return findLostRows(dumped, (table) => names.has(quoteTable(table.schema, table.name)), {
        // Without the rows of its heirs, which the dump has in tables of their own.
        from: (table) => `ONLY ${quoteTable(table.schema, table.name)}`,
        ask: (sql, timeoutMs) => askPostgres(created, { ...access, timeoutMs }, sql, problem),
        stallMs: access.stallMs,
      });
    },
    drop: async () => {
      await askPostgres(server, access, `DROP DATABASE ${quoted}`, `Cannot drop the database "${name}"`);
    },
  };
}

/** Dumps of before PostgreSQL 10.3 name no schema where it is the usual one. */
function quoteTable(schema = "public", table: string): string {
  return [schema, table].map((part) => `"${part.replaceAll('"', '""')}"`).join(".");
}

/** pg_restore goes on after an error. Roles that a new server lacks cost owners and grants, but no data. */
function judgeRestore(exitCode: number | null, stderr: string): LoadEnd {
  if (exitCode === 0) return { outcome: "complete", problems: [] };
  const reader = createPostgresReader();
  for (const line of stderr.split("\n")) reader.readLine(line);
  const { problems, hint } = reader.classifyExit(exitCode);
  const errors = problems.filter((problem) => !commandIsOver.test(problem));
  if (errors.length === 0)
    return { outcome: "failed", problems: [`pg_restore ended with ${exitCode ?? "a signal"}`] };
  if (exitCode === null || !errors.every((error) => missingRole.test(error))) {
    return { outcome: "failed", problems: errors, hint };
  }
  const roles = new Set(errors.map((error) => missingRole.exec(error)?.[0] ?? ""));
  return {
    outcome: "partial",
    problems: [`the data is there, its owners are not: ${[...roles].join(", ")}`],
    hint: "Load the globals of the set first: psql --file=globals-….sql",
  };
}
