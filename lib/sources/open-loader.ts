import type { MysqlTarget, PostgresTarget } from "#lib/core/database-url.ts";
import type { DatabaseLoader } from "#lib/sources/load-database.ts";
import { createMysqlLoader } from "#lib/sources/load-mysql.ts";
import { createPostgresLoader } from "#lib/sources/load-postgres.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

export type ServerTarget = MysqlTarget | PostgresTarget;

/** What fills the new database `name` of this kind of server. Throws OpsError "failed" when the server cannot be reached. */
export function openLoader(
  target: ServerTarget,
  name: string,
  facts: Readonly<Record<string, unknown>>,
  access: SourceAccess,
): Promise<DatabaseLoader> {
  return target.kind === "mysql"
    ? createMysqlLoader(target, name, facts, access)
    : createPostgresLoader(target, name, facts, access);
}
