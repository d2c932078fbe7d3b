/** What a dump program of MySQL or MariaDB is told, which differs by kind and age. Pure. */
import { isSince, type MysqlVersion } from "#lib/core/mysql-version.ts";

export interface MysqlDumpPlan {
  readonly program: MysqlVersion;
  readonly server: MysqlVersion;
  /** Undefined: all of the server. */
  readonly database: string | undefined;
  readonly hasPosition: boolean;
  readonly hasHistory: boolean;
}

/**
 * All databases are dumped with the tables that hold the users. `--system=all` would write them as statements instead, but
 * it ends the whole dump at the first user that the server does not know by its host.
 */
export function listDumpArguments({ program, server, database, ...wanted }: MysqlDumpPlan): string[] {
  const isMysql = !program.isMariadb;
  const position = isMysql && isSince(program, 8, 0, 26) ? "--source-data=2" : "--master-data=2";
  return [
    "--single-transaction",
    "--quick",
    "--routines",
    "--events",
    "--triggers",
    "--hex-blob",
    "--no-tablespaces",
    "--default-character-set=utf8mb4",
    // An option file may have turned them off, and with them the trailer.
    "--comments",
    ...(wanted.hasPosition ? [position] : []),
    ...(wanted.hasHistory && canDumpHistory(program, server) ? ["--dump-history"] : []),
    // Else a restore would claim the transactions of the server that was dumped.
    ...(isMysql && isSince(program, 5, 6) ? ["--set-gtid-purged=OFF"] : []),
    // It asks for a table that older servers and MariaDB do not have.
    ...(isMysql && isSince(program, 8, 0) ? ["--column-statistics=0"] : []),
    // Else a restored server would not let its restored users in before it is started again.
    ...(database === undefined ? ["--all-databases", "--flush-privileges"] : ["--", database]),
  ];
}

/** Whether the past rows of system-versioned tables can be dumped and restored. */
export function canDumpHistory(program: MysqlVersion, server: MysqlVersion): boolean {
  return [program, server].every((version) => version.isMariadb && isSince(version, 10, 11));
}
