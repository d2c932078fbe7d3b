/**
 * MySQL and MariaDB: one dump in one transaction, by the server's own program.
 *
 * A single database is dumped without its name in it, so that it can be restored under any other; what `CREATE DATABASE`
 * would need stands in the manifest. All databases of a server are one dump, users included.
 */
import type { MysqlTarget } from "#lib/core/database-url.ts";
import { createMysqlReader, mysqlDumpProof } from "#lib/core/mysql-status.ts";
import type { Finding } from "#lib/core/report.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import { checkProgram } from "#lib/preflight/check-program.ts";
import { askServer, type MysqlFacts, openMysql } from "#lib/sources/mysql-server.ts";
import type { OpenSource, Source, SourceAccess } from "#lib/sources/source.ts";

const tablesNamed = 5;

export function createMysqlSource(target: MysqlTarget, settings: { readonly DB_MIN_KB: number }): Source {
  return {
    name: target.componentName,
    kind: "database",
    fileStem: `${target.componentName}.sql`,
    format: "sql",
    programs: target.container === undefined ? [] : [{ program: "docker", package: "docker.io" }],
    root: undefined,
    description: `${target.database === undefined ? "all databases" : `the database "${target.database}"`} by mysqldump`,
    checkExists: async () => [],
    checkContent: (asker) => checkDumpProgram(target, asker),
    open: (access) => openSource(target, access),
    minBytes: Math.ceil(settings.DB_MIN_KB * 1024),
    minSetting: "DB_MIN_KB",
    whenDoubtful: "doubtful",
  };
}

/** MariaDB's name for it, or the older one that MySQL has as well. */
async function checkDumpProgram(target: MysqlTarget, asker: FileSystemAsker): Promise<readonly Finding[]> {
  if (target.container !== undefined) return [];
  const check = (program: string) =>
    checkProgram(asker.exec, { program, package: "mariadb-client" }, asker.signal);
  const first = await check("mariadb-dump");
  return [first.passed ? first : await check("mysqldump")];
}

async function openSource(target: MysqlTarget, access: SourceAccess): Promise<OpenSource> {
  const server = await openMysql(target, access);
  const facts = await askServer(target, server, access);
  return {
    producer: server.command(server.dumpProgram, dumpArguments(target, facts)),
    env: server.env,
    createReader: () => createMysqlReader(server.dumpProgram),
    proof: mysqlDumpProof,
    problems: [],
    notes: describeNotes(target, facts),
    facts: {
      server: facts.version,
      database: target.database,
      characterSet: facts.characterSet,
      collation: facts.collation,
      tables: facts.tables,
      binaryLogPosition: facts.canRecordPosition,
      restore: describeRestore(target, facts),
    },
  };
}

/** With the plain client, where the decompressed file lies. */
function describeRestore({ database, componentName }: MysqlTarget, facts: MysqlFacts): string {
  const file = `${componentName}.sql`;
  if (database === undefined) return `mysql < ${file}`;
  const name = database.replaceAll("`", "``").replaceAll("'", "'\\''");
  const create = `CREATE DATABASE \`${name}\` CHARACTER SET ${facts.characterSet} COLLATE ${facts.collation}`;
  return `mysql -e '${create}' && mysql -- '${database.replaceAll("'", "'\\''")}' < ${file}`;
}

function dumpArguments({ database }: MysqlTarget, facts: MysqlFacts): string[] {
  const position = facts.isMysqlProgram ? "--source-data=2" : "--master-data=2";
  return [
    "--single-transaction",
    "--quick",
    "--routines",
    "--events",
    "--triggers",
    "--hex-blob",
    "--no-tablespaces",
    "--default-character-set=utf8mb4",
    ...(facts.canRecordPosition ? [position] : []),
    // Else a restore would claim the transactions of the server that was dumped.
    ...(facts.isMysqlProgram ? ["--set-gtid-purged=OFF"] : []),
    ...(facts.isMysqlProgram && facts.isMariadbServer ? ["--column-statistics=0"] : []),
    ...(database === undefined ? ["--all-databases"] : ["--", database]),
  ];
}

function describeNotes({ componentName }: MysqlTarget, facts: MysqlFacts): string[] {
  const { notTransactional, hasBinaryLog, canRecordPosition } = facts;
  const shown = notTransactional.slice(0, tablesNamed).join(", ");
  const rest = notTransactional.length - tablesNamed;
  return [
    ...(notTransactional.length === 0
      ? []
      : [
          `${componentName}: not of one point in time, since their engines know no transactions: ${shown}${rest > 0 ? ` and ${rest} more` : ""}`,
        ]),
    ...(hasBinaryLog && !canRecordPosition
      ? [`${componentName}: the position in the binary log is not recorded: GRANT RELOAD, REPLICATION CLIENT`]
      : []),
  ];
}
