/**
 * A new database of a server, from before there is anything in it until it is whole. In between it bears a mark of the restore that
 * made it: by its name alone nobody could tell half a database from somebody's own.
 */
import { type BegunDatabase, beginMark } from "#lib/core/begun-database.ts";
import type { MysqlTarget, PostgresTarget } from "#lib/core/database-url.ts";
import { quoteMysqlName, quoteTable } from "#lib/core/mysql-swap.ts";
import { quoteName, quoteText } from "#lib/core/postgres-properties.ts";
import { openMysqlConsole } from "#lib/sources/mysql-console.ts";
import { openMysql } from "#lib/sources/mysql-server.ts";
import { askPostgres, connectPostgres } from "#lib/sources/postgres-connection.ts";
import { endPostgresWork } from "#lib/sources/replace-postgres.ts";
import type { SourceAccess } from "#lib/sources/source.ts";
import { endMysqlWork } from "#lib/sources/undo-mysql-swap.ts";

export interface BegunServer {
  /** As soon as it has been made. */
  readonly mark: () => Promise<void>;
  /** As soon as all of it is there. */
  readonly unmark: () => Promise<void>;
  readonly find: () => Promise<"gone" | "marked" | "unmarked">;
  /** With whatever a dead restore still has the server do in it. */
  readonly drop: () => Promise<void>;
}

/** Throws OpsError "failed" when the server cannot be reached; so do its functions, in the server's own words. */
export function openBegunServer(
  target: MysqlTarget | PostgresTarget,
  begun: BegunDatabase,
  access: SourceAccess,
): Promise<BegunServer> {
  return target.kind === "mysql"
    ? openBegunMysql(target, begun, access)
    : openBegunPostgres(target, begun, access);
}

/** The mark is a table. */
async function openBegunMysql(
  target: MysqlTarget,
  begun: BegunDatabase,
  access: SourceAccess,
): Promise<BegunServer> {
  const console = openMysqlConsole(await openMysql(target, access), access);
  const { database } = begun;
  const mark = beginMark(begun);
  const table = quoteTable(database, mark);
  return {
    mark: async () => {
      // Some servers take no table without a key.
      await console.run(
        `CREATE TABLE ${table} (begun INT PRIMARY KEY)`,
        `Cannot mark "${database}" as begun`,
      );
    },
    unmark: async () => {
      await console.run(`DROP TABLE ${table}`, `Cannot take the mark from "${database}"`);
    },
    find: async () => {
      if ((await console.findDatabases([database])).length === 0) return "gone";
      return (await console.listTables(database)).includes(mark) ? "marked" : "unmarked";
    },
    drop: async () => {
      await endMysqlWork({ database, word: mark }, console, access);
      await console.run(
        `DROP DATABASE ${quoteMysqlName(database)}`,
        `Cannot drop the database "${database}"`,
      );
    },
  };
}

/** The mark is its comment, which no dump of a single database has. */
async function openBegunPostgres(
  target: PostgresTarget,
  begun: BegunDatabase,
  access: SourceAccess,
): Promise<BegunServer> {
  const server = await connectPostgres({ ...target, database: "postgres" }, access);
  const ask = (sql: string, problem: string) => askPostgres(server, access, sql, problem);
  const { database } = begun;
  const mark = beginMark(begun);
  const quoted = quoteName(database);
  return {
    mark: async () => {
      await ask(`COMMENT ON DATABASE ${quoted} IS ${quoteText(mark)}`, `Cannot mark "${database}" as begun`);
    },
    unmark: async () => {
      await ask(`COMMENT ON DATABASE ${quoted} IS NULL`, `Cannot take the mark from "${database}"`);
    },
    find: async () => {
      const answer = await ask(
        `SELECT coalesce(shobj_description(oid, 'pg_database') = ${quoteText(mark)}, false)
        FROM pg_database WHERE datname = ${quoteText(database)}`,
        `Cannot look for the database "${database}"`,
      );
      return answer === "" ? "gone" : answer === "t" ? "marked" : "unmarked";
    },
    drop: async () => {
      await endPostgresWork({ database, word: mark }, server, access);
      await ask(`DROP DATABASE ${quoted}`, `Cannot drop the database "${database}"`);
    },
  };
}
