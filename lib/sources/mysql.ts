/**
 * MySQL and MariaDB: one dump in one transaction, by the server's own program.
 *
 * A single database is dumped without its name in it, so that it can be restored under any other; what `CREATE DATABASE`
 * would need stands in the manifest. All databases of a server are one dump, users included.
 */
import type { MysqlTarget } from "#lib/core/database-url.ts";
import { canDumpHistory, listDumpArguments } from "#lib/core/mysql-dump-arguments.ts";
import { findHidden, isGranted } from "#lib/core/mysql-grants.ts";
import { createMysqlReader, mysqlDumpProof } from "#lib/core/mysql-status.ts";
import { type MysqlVersion, parseMysqlVersion } from "#lib/core/mysql-version.ts";
import type { Finding } from "#lib/core/report.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import { checkProgram } from "#lib/preflight/check-program.ts";
import { describeContainerCommand } from "#lib/sources/in-container.ts";
import { type MysqlFacts, readMysqlFacts } from "#lib/sources/mysql-facts.ts";
import { openMysql } from "#lib/sources/mysql-server.ts";
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
    describe: async () =>
      `${target.database === undefined ? "all databases" : `the database "${target.database}"`} by mysqldump`,
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
  const facts = await readMysqlFacts(target, server, access);
  const program = parseMysqlVersion(server.dumpVersion);
  const { database, componentName } = target;
  const hasPosition = facts.hasBinaryLog && mayRecordPosition(facts, program);
  const hasHistory = facts.versioned.length > 0;
  const plan = { program, server: facts.version, database, hasPosition, hasHistory };
  return {
    producer: server.command(server.dumpProgram, listDumpArguments(plan)),
    env: server.env,
    createReader: () => createMysqlReader(server.dumpProgram),
    proof: mysqlDumpProof,
    problems: findHidden(facts.grants, database, facts.version).map(
      (gap) => `${componentName}: it lacks any ${gap} TO its user`,
    ),
    notes: describeNotes(facts, program, hasPosition).map((note) => `${componentName}: ${note}`),
    facts: {
      server: facts.versionText,
      dumpedBy: server.dumpVersion,
      database,
      characterSet: facts.characterSet,
      collation: facts.collation,
      tables: facts.tables,
      ...(database === undefined ? { databases: facts.databases } : {}),
      binaryLogPosition: hasPosition,
      restore: describeRestore(target, facts, server.clientProgram),
    },
  };
}

/** MariaDB tells its own program where a snapshot lies in the log; else all tables are locked for a moment to find out. */
function mayRecordPosition({ version, grants }: MysqlFacts, program: MysqlVersion): boolean {
  if (version.isMariadb && program.isMariadb) return true;
  const mayLock = isGranted(grants, undefined, "RELOAD");
  return mayLock && isGranted(grants, undefined, "REPLICATION CLIENT", "BINLOG MONITOR", "SUPER");
}

/** With the plain client, where the decompressed file lies. */
function describeRestore(target: MysqlTarget, facts: MysqlFacts, program: string): string {
  const { database, componentName, container } = target;
  const client = describeContainerCommand(container) + program;
  const file = `${componentName}.sql`;
  if (database === undefined) return `${client} < ${file}`;
  const name = database.replaceAll("`", "``").replaceAll("'", "'\\''");
  const create = `CREATE DATABASE \`${name}\` CHARACTER SET ${facts.characterSet} COLLATE ${facts.collation}`;
  return `${client} -e '${create}' && ${client} -- '${database.replaceAll("'", "'\\''")}' < ${file}`;
}

function describeNotes(facts: MysqlFacts, program: MysqlVersion, hasPosition: boolean): string[] {
  const { notTransactional, versioned, hasBinaryLog, version } = facts;
  return [
    ...(notTransactional.length === 0
      ? []
      : [
          `not of one point in time, since their engines know no transactions: ${nameTables(notTransactional)}`,
        ]),
    ...(versioned.length === 0 || canDumpHistory(program, version)
      ? []
      : [`without the past rows of system-versioned tables: ${nameTables(versioned)}`]),
    ...(hasBinaryLog && !hasPosition
      ? ["the position in the binary log is not recorded: GRANT RELOAD, REPLICATION CLIENT"]
      : []),
  ];
}

function nameTables(names: readonly string[]): string {
  const rest = names.length - tablesNamed;
  return `${names.slice(0, tablesNamed).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
