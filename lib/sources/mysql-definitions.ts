/** What a database of MySQL or MariaDB has beside its tables, as SQL that makes it again. */
import { Buffer } from "node:buffer";
import type { Log } from "#lib/core/log.ts";
import { listDumpArguments } from "#lib/core/mysql-dump-arguments.ts";
import { grantRoutine, hexText, withoutSandboxMark } from "#lib/core/mysql-swap.ts";
import { parseMysqlVersion } from "#lib/core/mysql-version.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { DatabaseSwap } from "#lib/core/undo.ts";
import type { MysqlConsole } from "#lib/sources/mysql-console.ts";
import { describeRefusal, type MysqlServer } from "#lib/sources/mysql-server.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

type Definitions = NonNullable<DatabaseSwap["definitions"]>;

/** Throws OpsError "failed" when the server does not tell all of it. */
export async function readDefinitions(
  database: string,
  console: MysqlConsole,
  server: MysqlServer,
  { exec, signal, timeoutMs, stallMs }: SourceAccess,
): Promise<string> {
  const program = parseMysqlVersion(server.dumpVersion);
  // The server's own version matters for rows alone.
  const plan = { program, server: program, database, hasPosition: false, hasHistory: false };
  const dump = async (options: readonly string[], tables: readonly string[]) => {
    const given = listDumpArguments(plan);
    const end = given.indexOf("--");
    const args = [...given.slice(0, end), ...options, ...given.slice(end), ...tables];
    const command = server.command(server.dumpProgram, args);
    const result = await exec(command, { timeoutMs: timeoutMs + stallMs, signal, env: server.env });
    if (result.exitCode === 0) return withoutSandboxMark(result.stdout);
    throw describeRefusal(`Cannot read the definitions in "${database}"`, result, timeoutMs + stallMs);
  };
  const views = (await console.listDefinitions(database)).filter(({ kind }) => kind === "VIEW");
  const rest = await dump(["--no-data", "--no-create-info"], []);
  if (views.length === 0) return rest;
  const own = ["--no-data", "--skip-triggers", "--skip-routines", "--skip-events"];
  // Without any name it would be all tables, and each dropped by what it says.
  return (
    rest +
    (await dump(
      own,
      views.map(({ name }) => name),
    ))
  );
}

/** Statements that give again what is granted on single routines; none, with a warning, where this user may not read them. */
export async function readRoutineGrants(
  database: string,
  { askNames }: MysqlConsole,
  log: Log,
): Promise<Definitions["grants"]> {
  const sql =
    "SELECT HEX(User), HEX(Host), Routine_type, HEX(Routine_name), Proc_priv FROM mysql.procs_priv " +
    `WHERE Db = IF(@@lower_case_table_names = 0, ${hexText(database)}, LOWER(${hexText(database)}))`;
  try {
    const found = await askNames(sql, "Cannot read the grants on routines");
    return found.map(([user, host = "", kind = "", routine = "", privileges = ""]) => {
      const name = Buffer.from(routine, "hex").toString();
      const grant = { user, host: Buffer.from(host, "hex").toString(), kind, routine: name, privileges };
      return { routine: name, sql: grantRoutine(database, grant) };
    });
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    log.warning(
      "database.grants",
      `What was granted on single routines has to be granted again: ${describeError(error)}`,
    );
    return [];
  }
}

/** What is granted on single routines, of those that there are now. */
export async function giveAgain(
  console: MysqlConsole,
  database: string,
  { grants }: Definitions,
): Promise<void> {
  if (grants.length === 0) return;
  const there = new Set((await console.listDefinitions(database)).map(({ name }) => name.toLowerCase()));
  const statements = grants.filter(({ routine }) => there.has(routine.toLowerCase())).map(({ sql }) => sql);
  if (statements.length === 0) return;
  await console.run(statements.join(";\n"), `Cannot give the grants on routines of "${database}" again`);
}
