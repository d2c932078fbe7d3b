/** What a restore wants to know about a database or a server, asked before it is dumped. */
import { z } from "zod";
import { askPostgres, type PostgresConnection } from "#lib/sources/postgres-connection.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

const databaseFacts = z.looseObject({
  server: z.string(),
  user: z.string(),
  sizeBytes: z.number(),
  tables: z.number(),
});
const serverFacts = z.looseObject({
  server: z.string(),
  user: z.string(),
  /** Passwords of roles lie where superusers may look. */
  hasRolePasswords: z.boolean(),
  /** Databases that take no connections, so that nothing can read them. */
  closed: z.array(z.string()),
});

export type ServerFacts = z.infer<typeof serverFacts>;

const databaseQuestion = `
  SELECT json_build_object(
    'server', current_setting('server_version'),
    'user', current_user,
    'database', datname,
    'owner', pg_get_userbyid(datdba),
    'encoding', pg_encoding_to_char(encoding),
    'collation', datcollate,
    'characterType', datctype,
    -- Columns that came, and were renamed, with PostgreSQL 15 to 17.
    'localeProvider', row_to_json(pg_database)->>'datlocprovider',
    'locale', coalesce(row_to_json(pg_database)->>'datlocale', row_to_json(pg_database)->>'daticulocale'),
    'icuRules', row_to_json(pg_database)->>'daticurules',
    'sizeBytes', pg_database_size(oid),
    'tables', (SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p')
      AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)),
    'extensions', (SELECT json_object_agg(extname, extversion ORDER BY extname) FROM pg_extension))
  FROM pg_database WHERE datname = current_database()`;

const serverQuestion = `
  SELECT json_build_object(
    'server', current_setting('server_version'),
    'user', current_user,
    'roles', (SELECT count(*) FROM pg_roles WHERE rolname !~ '^pg_'),
    'hasRolePasswords', has_table_privilege('pg_catalog.pg_authid', 'SELECT'),
    'databases', (SELECT json_agg(datname ORDER BY datname) FROM pg_database WHERE datallowconn AND NOT datistemplate),
    'closed', (SELECT coalesce(json_agg(datname ORDER BY datname), '[]') FROM pg_database
      WHERE NOT datallowconn AND datname <> 'template0'))`;

/** Throws OpsError "failed" that begins with `problem`. */
export async function readDatabaseFacts(
  connection: PostgresConnection,
  access: SourceAccess,
  problem: string,
): Promise<z.infer<typeof databaseFacts>> {
  const answer = await askPostgres(connection, access, databaseQuestion, problem);
  return {
    ...databaseFacts.parse(JSON.parse(answer)),
    dumpedBy: await readVersion(connection, access, "pg_dump"),
  };
}

/** Throws OpsError "failed" that begins with `problem`. */
export async function readServerFacts(
  connection: PostgresConnection,
  access: SourceAccess,
  problem: string,
): Promise<ServerFacts> {
  const answer = await askPostgres(connection, access, serverQuestion, problem);
  return {
    ...serverFacts.parse(JSON.parse(answer)),
    dumpedBy: await readVersion(connection, access, "pg_dumpall"),
  };
}

/** `pg_dump (PostgreSQL) 15.18`: what restores a dump in custom format must not be older. */
async function readVersion(
  { alone }: PostgresConnection,
  { exec, timeoutMs, signal }: SourceAccess,
  program: string,
): Promise<string> {
  return (await exec(alone(program, "--version"), { timeoutMs, signal })).stdout.trim();
}
