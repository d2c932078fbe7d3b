import type { MysqlTarget, PostgresTarget } from "#lib/core/database-url.ts";
import type { DatabaseReplacer } from "#lib/sources/replace-database.ts";
import { openMysqlReplacer } from "#lib/sources/replace-mysql.ts";
import { openPostgresReplacer } from "#lib/sources/replace-postgres.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

export interface Replacement {
  readonly target: MysqlTarget | PostgresTarget;
  readonly database: string;
  /** Of the component in the set. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What replaces a database of this kind of server. Throws OpsError "failed" when the server cannot be reached. */
export function openReplacer(
  { target, database, facts }: Replacement,
  access: SourceAccess,
): Promise<DatabaseReplacer> {
  if (target.kind === "mysql") return openMysqlReplacer(target, database, access);
  const owner = facts["owner"];
  const formerOwner = typeof owner === "string" ? owner : undefined;
  return openPostgresReplacer({ target, database, formerOwner }, access);
}
