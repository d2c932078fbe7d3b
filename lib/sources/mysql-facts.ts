/** What a server of MySQL or MariaDB says about itself, its tables, and what its user may see of them. */
import type { MysqlTarget } from "#lib/core/database-url.ts";
import { type MysqlGrant, parseMysqlGrants } from "#lib/core/mysql-grants.ts";
import { type MysqlVersion, parseMysqlVersion } from "#lib/core/mysql-version.ts";
import { describeRefusal, type MysqlServer } from "#lib/sources/mysql-server.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

export interface MysqlFacts {
  /** In the server's words, and what they mean. */
  readonly versionText: string;
  readonly version: MysqlVersion;
  readonly hasBinaryLog: boolean;
  readonly characterSet: string;
  readonly collation: string;
  readonly tables: number;
  /** Of a whole server. */
  readonly databases: readonly string[];
  /** `schema.table`, of engines without transactions. */
  readonly notTransactional: readonly string[];
  /** Tables that keep their past rows. */
  readonly versioned: readonly string[];
  readonly grants: readonly MysqlGrant[];
}

export const systemSchemas = "'mysql','information_schema','performance_schema','sys'";

/** A line for each, as the client prints it. */
export const listDatabases = `SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN (${systemSchemas})`;

/** Ask the server; throws OpsError "failed" in its own words when it does not let us in. */
export async function readMysqlFacts(
  { database, componentName }: MysqlTarget,
  server: MysqlServer,
  { exec, timeoutMs, signal }: SourceAccess,
): Promise<MysqlFacts> {
  const schemas =
    database === undefined ? `TABLE_SCHEMA NOT IN (${systemSchemas})` : "TABLE_SCHEMA = DATABASE()";
  const questions = [
    "SELECT VERSION(), @@log_bin, @@character_set_database, @@collation_database",
    "SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), TABLE_TYPE, COALESCE(ENGINE, '') FROM information_schema.TABLES " +
      `WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND ${schemas}`,
    "SHOW GRANTS",
    ...(database === undefined ? [listDatabases] : []),
  ];
  const command = server.command(server.clientProgram, [
    "--batch",
    "--skip-column-names",
    // Cron's locale would make other letters of the database's name.
    "--default-character-set=utf8mb4",
    // In seconds, and half of the deadline, since the answer has to fit in as well.
    `--connect-timeout=${Math.max(1, Math.floor(timeoutMs / 2000))}`,
    `--execute=${questions.join("; SELECT '--'; ")}`,
    ...(database === undefined ? [] : ["--", database]),
  ]);
  const result = await exec(command, { timeoutMs, signal, env: server.env });
  if (result.exitCode !== 0) throw describeRefusal(`Cannot back up the ${componentName}`, result, timeoutMs);
  const [about = "", list = "", grants = "", databases = ""] = result.stdout.split(/^--\n/m);
  const [versionText = "", logBin, characterSet = "", collation = ""] = about.trim().split("\t");
  const tables = list.split("\n").flatMap((line) => {
    const [name = "", type, engine = ""] = line.split("\t");
    return line === "" ? [] : [{ name, type, engine }];
  });
  const namesOf = (chosen: typeof tables) => chosen.map(({ name }) => name);
  return {
    versionText,
    version: parseMysqlVersion(versionText),
    hasBinaryLog: logBin === "1",
    characterSet,
    collation,
    tables: tables.length,
    databases: databases.split("\n").filter((line) => line !== ""),
    notTransactional: namesOf(tables.filter(({ engine }) => !/^(InnoDB|RocksDB|TokuDB)?$/i.test(engine))),
    versioned: namesOf(tables.filter(({ type }) => type === "SYSTEM VERSIONED")),
    grants: parseMysqlGrants(grants),
  };
}
