/** PostgreSQL: one database in custom format with the roles of its server, or all databases as SQL. */
import type { PostgresTarget } from "#lib/core/database-url.ts";
import { createPostgresRowCounter } from "#lib/core/postgres-rows.ts";
import { createPostgresReader, dumpAllTrailer } from "#lib/core/postgres-status.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";
import { createTrailerProof } from "#lib/core/trailer-proof.ts";
import { describeContainerCommand } from "#lib/sources/in-container.ts";
import { connectPostgres } from "#lib/sources/postgres-connection.ts";
import { readDatabaseFacts, readServerFacts, type ServerFacts } from "#lib/sources/postgres-facts.ts";
import type { OpenSource, Source, SourceAccess } from "#lib/sources/source.ts";

export interface PostgresSettings {
  readonly DB_MIN_KB: number;
}

/**
 * The sources of one URL: a database and, since no dump of a database has them, its server's roles and tablespaces; or all
 * databases with those in one. Two databases of a server give the same second source, under the same name.
 */
export function createPostgresSources(target: PostgresTarget, settings: PostgresSettings): Source[] {
  const minBytes = Math.ceil(settings.DB_MIN_KB * 1024);
  const { database, componentName } = target;
  const server = nameServer(target);
  if (database === undefined) {
    const description = `all databases of PostgreSQL on ${server}`;
    return [createDumpAllSource(target, { name: componentName, description, minBytes, options: [] })];
  }
  const globals = {
    name: `globals-${server.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replaceAll(/^[-.]+|[-.]+$/g, "")}`,
    description: `roles and tablespaces of PostgreSQL on ${server}`,
    minBytes: 0,
    // pg_dumpall would enter "postgres", which is closed to those who may enter one database only.
    options: ["--globals-only", `--database=dbname='${database.replaceAll(/[\\']/g, "\\$&")}'`],
  };
  return [createDatabaseSource(target, database, minBytes), createDumpAllSource(target, globals)];
}

/** A server as its clients know it. */
function nameServer({ container, host, socket, port }: PostgresTarget): string {
  if (container?.kind === "name") return container.name;
  if (container?.kind === "compose") return `${container.project}-${container.service}`;
  return `${host ?? socket ?? "local"}${port === undefined ? "" : `:${port}`}`;
}

function createDatabaseSource(target: PostgresTarget, database: string, minBytes: number): Source {
  const fileStem = `${target.componentName}.pgdump`;
  const description = `PostgreSQL database "${database}" on ${nameServer(target)}`;
  const open = async (access: SourceAccess): Promise<OpenSource> => {
    const connection = await connectPostgres(target, access);
    const facts = await readDatabaseFacts(connection, access, `Cannot dump the ${description}`);
    const toSql = connection.alone("pg_restore", "--file=-");
    const restore = "pg_restore --clean --if-exists --create --exit-on-error --dbname=postgres";
    return {
      // Uncompressed, since the archive is compressed as a whole.
      producer: connection.connected("pg_dump", "--no-password", "--format=custom", "--compress=0"),
      env: connection.env,
      createReader: createPostgresReader,
      proof: createTrailerProof("-- PostgreSQL database dump complete", {
        command: toSql,
        createCounter: createPostgresRowCounter,
      }),
      problems: [],
      notes: [],
      facts: { ...facts, restore: describeRestore(target, facts, restore, fileStem) },
    };
  };
  const own = {
    name: target.componentName,
    fileStem,
    format: "pgdump",
    describe: async () => description,
    minBytes,
    open,
  } as const;
  return { ...shared(target, ["psql", "pg_dump", "pg_restore"]), ...own };
}

interface DumpAll {
  readonly name: string;
  readonly description: string;
  readonly minBytes: number;
  readonly options: readonly string[];
}

/** By pg_dumpall; each database is one point in time of its own, since the server has no snapshot across them. */
function createDumpAllSource(target: PostgresTarget, wanted: DumpAll): Source {
  const { name, description, minBytes, options } = wanted;
  const fileStem = `${name}.sql`;
  const open = async (access: SourceAccess): Promise<OpenSource> => {
    const connection = await connectPostgres(target, access);
    const facts = await readServerFacts(connection, access, `Cannot dump ${description}`);
    const passwords = facts.hasRolePasswords ? [] : ["--no-role-passwords"];
    return {
      producer: connection.connected("pg_dumpall", "--no-password", ...options, ...passwords),
      env: connection.env,
      createReader: createPostgresReader,
      proof: createTrailerProof(dumpAllTrailer, {
        // Roles alone have no rows.
        createCounter: options.length === 0 ? createPostgresRowCounter : undefined,
      }),
      problems: [],
      notes: describeGaps(wanted, facts),
      facts: {
        ...facts,
        restore: describeRestore(target, facts, "psql --no-psqlrc --dbname=postgres", fileStem),
      },
    };
  };
  return {
    ...shared(target, ["psql", "pg_dumpall"]),
    name,
    fileStem,
    format: "sql",
    describe: async () => description,
    minBytes,
    open,
  };
}

/** With the plain programs, where the decompressed file lies. In a container nobody is logged in by their own name. */
function describeRestore(
  { container }: PostgresTarget,
  { user }: { readonly user: string },
  command: string,
  file: string,
): string {
  const login = container === undefined ? "" : ` --username=${quoteForShell(user)}`;
  return `${describeContainerCommand(container)}${command}${login} < ${file}`;
}

/** What a restore will lack, although the dump is what its user could make. */
function describeGaps({ name, options }: DumpAll, { hasRolePasswords, user, closed }: ServerFacts): string[] {
  const isAll = options.length === 0;
  return [
    ...(hasRolePasswords ? [] : [`${name}: roles without passwords, since "${user}" may not read pg_authid`]),
    ...(isAll && closed.length > 0
      ? [`${name}: without the databases that take no connections: ${closed.join(", ")}`]
      : []),
  ];
}

function shared({ container }: PostgresTarget, programs: readonly string[]) {
  const needed =
    container === undefined
      ? programs.map((program) => ({ program, package: "postgresql-client" }))
      : [{ program: "docker", package: "docker.io" }];
  return {
    kind: "database",
    programs: needed,
    root: undefined,
    checkExists: async () => [],
    checkContent: async () => [],
    minSetting: "DB_MIN_KB",
    whenDoubtful: "doubtful",
  } as const;
}
