/**
 * A database of MySQL or MariaDB in the place of another. Its name cannot be changed, but all tables of both move in one statement,
 * which does everything or nothing. What does not move with tables (views, triggers, routines, events) is written down, dropped, and
 * made again where its tables are; whoever dies in between is undone by what was written down. Users and grants are of names, and
 * stay; those on single routines go with their routine, and are given again.
 */
import type { MysqlTarget } from "#lib/core/database-url.ts";
import { disableEvents } from "#lib/core/mysql-events.ts";
import { isGranted, parseMysqlGrants } from "#lib/core/mysql-grants.ts";
import {
  dropDefinition,
  enableEvent,
  hexText,
  quoteMysqlName,
  quoteTable,
  renameTables,
  swapMark,
  tryDefiners,
} from "#lib/core/mysql-swap.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";
import type { DatabaseSwap } from "#lib/core/undo.ts";
import { type MysqlConsole, openMysqlConsole, readCharacterSet } from "#lib/sources/mysql-console.ts";
import { giveAgain, readDefinitions, readRoutineGrants } from "#lib/sources/mysql-definitions.ts";
import { openMysql } from "#lib/sources/mysql-server.ts";
import { type DatabaseReplacer, describeUse } from "#lib/sources/replace-database.ts";
import { findFreeBytes } from "#lib/sources/server-room.ts";
import type { SourceAccess } from "#lib/sources/source.ts";
import { undoMysqlSwap } from "#lib/sources/undo-mysql-swap.ts";

const systemNames: readonly string[] = ["mysql", "information_schema", "performance_schema", "sys"];

export async function openMysqlReplacer(
  target: MysqlTarget,
  database: string,
  access: SourceAccess,
): Promise<DatabaseReplacer> {
  const server = await openMysql(target, access);
  const console = openMysqlConsole(server, access);
  const problem = `Cannot replace the database "${database}"`;
  const findUsers = async () => {
    const found = await console.askNames(
      "SELECT HEX(CONCAT(USER, ' from ', HOST, ' (connection ', ID, ')')) FROM information_schema.PROCESSLIST " +
        `WHERE DB = ${hexText(database)} AND ID <> CONNECTION_ID()`,
      `Cannot ask who uses the database "${database}"`,
    );
    return found.map(([user]) => user);
  };
  return {
    findUsers,
    look: async () => {
      const isThere = (await console.findDatabases([database])).length > 0;
      const grants = parseMysqlGrants((await console.run("SHOW GRANTS", "Cannot ask for grants")).join("\n"));
      const [directory] = await console.askNames("SELECT HEX(@@datadir)", "Cannot ask for room");
      return {
        isThere,
        unseen: isGranted(grants, undefined, "PROCESS")
          ? undefined
          : "connections of other users (GRANT PROCESS ON *.* to this one)",
        facts: {},
        obstacles: await findObstacles(database, console),
        freeBytes: await findFreeBytes(target, directory?.[0] ?? "", access),
      };
    },
    prepare: async (entry) => {
      if (!entry.wasThere) return entry;
      await tryDefinitions(entry, console);
      const sql = await readDefinitions(database, console, server, access);
      return {
        ...entry,
        definitions: { sql, grants: await readRoutineGrants(database, console, access.log) },
      };
    },
    swap: async (entry, events) => {
      const { incoming, aside, wasThere, definitions } = entry;
      const users = await findUsers();
      if (users.length > 0) throw describeUse(database, users);
      const mark = quoteTable(incoming, swapMark);
      // Some servers take no table without a key.
      await console.run(`CREATE TABLE ${mark} (finished INT PRIMARY KEY)`, problem);
      const arriving = await readDefinitions(incoming, console, server, access);
      const set = await readCharacterSet(console, incoming);
      const kept = wasThere ? await readCharacterSet(console, database) : set;
      await console.run(`CREATE DATABASE ${quoteMysqlName(aside)} ${kept}`, problem);
      await console.run(
        `${wasThere ? "ALTER" : "CREATE"} DATABASE ${quoteMysqlName(database)} ${set}`,
        problem,
      );
      await moveTables(console, entry, problem);
      await console.run(arriving, problem, database);
      if (definitions !== undefined) {
        // What is kept shall stay as it is, and do nothing.
        await console.run(disableEvents(definitions.sql), problem, aside);
        await giveAgain(console, database, definitions);
      }
      const enabling = events.map((event) => enableEvent(database, event));
      if (enabling.length > 0) await console.run(enabling.join(";\n"), problem);
      // From here on it is replaced, whoever dies.
      await console.run(`DROP TABLE ${quoteTable(aside, swapMark)}`, problem);
      await console.run(`DROP DATABASE ${quoteMysqlName(incoming)}`, problem);
      if (!wasThere) await console.run(`DROP DATABASE ${quoteMysqlName(aside)}`, problem);
    },
    undo: (entry) => undoMysqlSwap(entry, console, access),
    describeKept: ({ aside, wasThere }) =>
      wasThere
        ? [
            `To take it away: DROP DATABASE ${quoteMysqlName(aside)};`,
            `To go back: DROP DATABASE ${quoteMysqlName(database)}; CREATE DATABASE ${quoteMysqlName(database)}; and then ` +
              `mysqldump --routines --events --triggers ${quoteForShell(aside)} | mysql ${quoteForShell(database)}; its events are disabled`,
          ]
        : [],
  };
}

/** Everything of what is there into what is kept, and everything of what comes into its place. */
async function moveTables(console: MysqlConsole, entry: DatabaseSwap, problem: string): Promise<void> {
  const { target, incoming, aside } = entry;
  const arriving = await console.listTables(incoming);
  const drops = [];
  for (const database of [target, incoming]) {
    const definitions = await console.listDefinitions(database);
    drops.push(...definitions.map((definition) => dropDefinition(database, definition)));
  }
  const moves = [
    { from: target, to: aside, tables: await console.listTables(target) },
    { from: incoming, to: target, tables: arriving.filter((table) => table !== swapMark) },
    { from: incoming, to: aside, tables: [swapMark] },
  ];
  // Foreign keys follow their tables; in between they point nowhere.
  await console.run(
    ["SET SESSION foreign_key_checks = 0", ...drops, renameTables(moves)].join(";\n"),
    problem,
  );
}

/** Whether what does not move with tables can be made again. Throws OpsError "failed"; nothing has been touched. */
async function tryDefinitions({ target, incoming }: DatabaseSwap, console: MysqlConsole): Promise<void> {
  const statements = tryDefiners(incoming, await console.listDefiners(target));
  if (statements.length === 0) return;
  await console.run(
    statements.join(";\n"),
    `Nothing was replaced: not all views, triggers, routines and events of "${target}" could be made again`,
  );
}

async function findObstacles(database: string, { askNames }: MysqlConsole): Promise<readonly string[]> {
  if (systemNames.includes(database.toLowerCase())) return ["it is one of the server's own"];
  const name = hexText(database);
  const keys = await askNames(
    "SELECT HEX(CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ' to ', REFERENCED_TABLE_SCHEMA, '.', REFERENCED_TABLE_NAME)) " +
      "FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA <> TABLE_SCHEMA " +
      `AND (TABLE_SCHEMA = ${name} OR REFERENCED_TABLE_SCHEMA = ${name})`,
    `Cannot look at the foreign keys of "${database}"`,
  );
  return keys.map(([key]) => `a foreign key leads from one database to another: ${key}`);
}
