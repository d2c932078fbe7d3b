/** How a server of MySQL or MariaDB is reached, and what it says about itself. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MysqlTarget } from "#lib/core/database-url.ts";
import type { ExecResult } from "#lib/core/deps.ts";
import { hintOnMysql, mysqlHarmless } from "#lib/core/mysql-status.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { commandInContainer, commandWithFile, findContainer } from "#lib/sources/in-container.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

type Command = readonly [string, ...string[]];

export interface MysqlServer {
  readonly dumpProgram: string;
  /** As it was built for, from its --version. */
  readonly dumpVersion: string;
  readonly clientProgram: string;
  readonly command: (program: string, args: readonly string[]) => Command;
  readonly env: Readonly<Record<string, string>>;
}

export interface MysqlFacts {
  readonly version: string;
  readonly isMariadbServer: boolean;
  readonly isMysqlProgram: boolean;
  readonly hasBinaryLog: boolean;
  readonly canRecordPosition: boolean;
  readonly characterSet: string;
  readonly collation: string;
  readonly tables: number;
  readonly notTransactional: readonly string[];
}

const optionFileMarker = "@OPTION-FILE@";

/**
 * Ready to run the server's programs. The password goes into an option file of this run; everything else is in arguments.
 *
 * HOME is that file's directory: `~/.my.cnf` is read after an extra file and would win over it.
 */
export async function openMysql(target: MysqlTarget, access: SourceAccess): Promise<MysqlServer> {
  const directory = await access.privateDirectory();
  const file = target.password === undefined ? undefined : join(directory, "client.cnf");
  if (file !== undefined) {
    const text = `[client]\npassword="${escapeOption(target.password?.reveal() ?? "")}"\n`;
    await writeFile(file, text, { mode: 0o600, flag: "w" });
  }
  const connection = [
    ...(target.host === undefined ? [] : [`--host=${target.host}`, "--protocol=tcp"]),
    ...(target.port === undefined ? [] : [`--port=${target.port}`]),
    ...(target.socket === undefined ? [] : [`--socket=${target.socket}`]),
    ...(target.user === undefined ? [] : [`--user=${target.user}`]),
  ];
  const id = target.container === undefined ? undefined : await findContainer(target.container, access);
  const command = (program: string, args: readonly string[]): Command => {
    if (id === undefined) {
      const option = file === undefined ? [] : [`--defaults-extra-file=${file}`];
      return [program, ...option, ...connection, ...args];
    }
    if (file === undefined) return commandInContainer(id, [program, ...connection, ...args]);
    const inside = [program, `--defaults-extra-file=${optionFileMarker}`, ...connection, ...args];
    return commandWithFile(id, file, optionFileMarker, inside);
  };
  const dump = await findProgram(["mariadb-dump", "mysqldump"], id, access);
  const client = await findProgram(["mariadb", "mysql"], id, access);
  const env = id === undefined && file !== undefined ? { HOME: directory } : {};
  return { dumpProgram: dump.name, dumpVersion: dump.version, clientProgram: client.name, command, env };
}

/** In an option file's double quotes a backslash begins an escape. */
function escapeOption(text: string): string {
  return text.replaceAll(/[\\"]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

async function findProgram(
  names: readonly string[],
  id: string | undefined,
  { exec, signal, timeoutMs }: SourceAccess,
): Promise<{ name: string; version: string }> {
  for (const name of names) {
    const command: Command =
      id === undefined ? [name, "--version"] : commandInContainer(id, [name, "--version"]);
    const result = await exec(command, { timeoutMs, signal });
    if (result.exitCode === 0) return { name, version: result.stdout };
  }
  throw new OpsError(
    `Cannot run ${names.join(" or ")}: ${id === undefined ? "it is not installed" : `it is not in the container "${id}"`}`,
    {
      outcome: "failed",
      hint:
        id === undefined
          ? "apt-get install mariadb-client; under cron, set PATH"
          : "Is this the database's container, and is it running?",
    },
  );
}

const systemSchemas = "'mysql','information_schema','performance_schema','sys'";

/** Ask the server; throws OpsError "failed" in its own words when it does not let us in. */
export async function askServer(
  target: MysqlTarget,
  server: MysqlServer,
  access: SourceAccess,
): Promise<MysqlFacts> {
  const schemas =
    target.database === undefined ? `TABLE_SCHEMA NOT IN (${systemSchemas})` : "TABLE_SCHEMA = DATABASE()";
  const questions = [
    "SELECT VERSION(), @@log_bin, @@character_set_database, @@collation_database",
    `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), COALESCE(ENGINE, '') FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND ${schemas}`,
    "SHOW GRANTS",
  ];
  const args = [
    "--batch",
    "--skip-column-names",
    "--connect-timeout=10",
    `--execute=${questions.join("; SELECT '--'; ")}`,
    ...(target.database === undefined ? [] : ["--", target.database]),
  ];
  const result = await access.exec(server.command(server.clientProgram, args), {
    timeoutMs: access.timeoutMs,
    signal: access.signal,
    env: server.env,
  });
  if (result.exitCode !== 0) throw describeRefusal(target, result, access);
  const [about = "", tables = "", grants = ""] = result.stdout.split(/^--\n/m);
  const [version = "", logBin, characterSet = "", collation = ""] = about.trim().split("\t");
  const rows = tables.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")]));
  const mayFlush = /ALL PRIVILEGES|RELOAD|SUPER/.test(grantsOnEverything(grants));
  const mayAsk = /ALL PRIVILEGES|REPLICATION CLIENT|BINLOG MONITOR|SUPER/.test(grantsOnEverything(grants));
  return {
    version,
    isMariadbServer: version.includes("MariaDB"),
    isMysqlProgram: !server.dumpVersion.includes("MariaDB"),
    hasBinaryLog: logBin === "1",
    canRecordPosition: logBin === "1" && mayFlush && mayAsk,
    characterSet,
    collation,
    tables: rows.length,
    notTransactional: rows
      .filter(([, engine]) => !/^(InnoDB|RocksDB|TokuDB)?$/i.test(engine ?? ""))
      .map(([name]) => name ?? ""),
  };
}

function grantsOnEverything(grants: string): string {
  return grants
    .split("\n")
    .filter((line) => / ON \*\.\* /.test(line))
    .join("\n");
}

function describeRefusal(target: MysqlTarget, result: ExecResult, access: SourceAccess): OpsError {
  const lines = result.stderr.split("\n").filter((line) => line.trim() !== "" && !mysqlHarmless.test(line));
  const words = result.timedOut
    ? `no answer from the server after ${access.timeoutMs / 1000} s`
    : lines.join("; ") || "the client said nothing";
  return new OpsError(`Cannot back up the ${target.componentName}: ${words}`, {
    outcome: "failed",
    hint: hintOnMysql(words),
  });
}
