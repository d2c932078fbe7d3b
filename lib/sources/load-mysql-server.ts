/** A dump of all databases of MariaDB, loaded into a server that exists for it alone. */
import { countDone, countNoun } from "#lib/core/count-noun.ts";
import type { MysqlTarget } from "#lib/core/database-url.ts";
import { mysqlEndProof } from "#lib/core/mysql-status.ts";
import type { TableRows } from "#lib/core/row-counts.ts";
import { createMysqlLoader, judgeMysqlClient } from "#lib/sources/load-mysql.ts";
import { findMissing, listNames, type ServerLoader, splitByDatabase } from "#lib/sources/load-server.ts";
import { listDatabases, systemSchemas } from "#lib/sources/mysql-facts.ts";
import { describeRefusal, openMysql } from "#lib/sources/mysql-server.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

/** Tables of its own that a server writes while it runs. */
const ownTables =
  /^(?:innodb_(?:table|index)_stats|gtid_slave_pos|general_log|slow_log|transaction_registry)$/;

/** `reopen` has the server let us in again, since the users in it are those of the dump. */
export async function createMysqlServerLoader(
  target: MysqlTarget,
  access: SourceAccess,
  reopen: () => Promise<void>,
): Promise<ServerLoader> {
  const server = await openMysql(target, access);
  const { exec, signal, timeoutMs } = access;
  const ask = async (sql: string): Promise<readonly string[]> => {
    const options = ["--batch", "--skip-column-names", "--default-character-set=utf8mb4", `--execute=${sql}`];
    const command = server.command(server.clientProgram, options);
    const result = await exec(command, { timeoutMs, signal, env: server.env });
    if (result.exitCode !== 0) throw describeRefusal("Cannot look into the server", result, timeoutMs);
    return result.stdout.split("\n").filter((line) => line !== "");
  };
  const trailer = mysqlEndProof.createJudge();
  return {
    // In binary mode the client obeys no commands of its own that stand in the dump, such as those that run programs.
    command: server.command(server.clientProgram, ["--binary-mode", "--default-character-set=utf8mb4"]),
    env: server.env,
    inspect: (chunk) => {
      trailer.read(chunk);
      return undefined;
    },
    judge: (exitCode, stderr) =>
      judgeMysqlClient(server.clientProgram, trailer.judge().problem, exitCode, stderr),
    compare: async (facts) => {
      await reopen();
      const databases = await ask(listDatabases);
      const [tables = ""] = await ask(
        "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') " +
          `AND TABLE_SCHEMA NOT IN (${systemSchemas})`,
      );
      const groups = splitByDatabase(facts, isKept);
      const problems = findMissing(listNames(facts["databases"]), databases);
      const dumped = facts["tables"];
      if (typeof dumped === "number" && Number(tables) !== dumped)
        problems.push(`it has ${countNoun(Number(tables), "table")}, ${countDone(dumped, "dumped")}`);
      for (const [database, its] of groups) {
        const loader = await createMysqlLoader(target, database, {}, access);
        problems.push(...(await loader.compareRows(its)));
      }
      return {
        counted: [countNoun(databases.length, "database"), countNoun(Number(tables), "table")],
        problems,
      };
    },
  };
}

function isKept({ database, name }: TableRows): boolean {
  return database !== "mysql" || !ownTables.test(name);
}
