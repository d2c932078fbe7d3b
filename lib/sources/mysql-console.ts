/** Statements and questions for a server of MySQL or MariaDB, of any length: they go in by the client's standard input. */
import { Buffer } from "node:buffer";
import {
  hexText,
  isDefinitionKind,
  type MysqlDefiner,
  type MysqlDefinition,
  quoteMysqlName,
} from "#lib/core/mysql-swap.ts";
import { describeRefusal, type MysqlServer } from "#lib/sources/mysql-server.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

export interface MysqlConsole {
  /** Throws OpsError "failed" with the server's words after `problem`; resolves to its lines, columns parted by tabs. */
  readonly run: (sql: string, problem: string, database?: string) => Promise<readonly string[]>;
  /** Each answer's columns, the first given in hexadecimal by the question. */
  readonly askNames: (sql: string, problem: string) => Promise<readonly (readonly [string, ...string[]])[]>;
  /** Of these, what there is. */
  readonly findDatabases: (names: readonly string[]) => Promise<readonly string[]>;
  /** Everything that is renamed as a table is. */
  readonly listTables: (database: string) => Promise<readonly string[]>;
  readonly listDefinitions: (database: string) => Promise<readonly MysqlDefinition[]>;
  /** As whom they run, each kind with each once. */
  readonly listDefiners: (database: string) => Promise<readonly MysqlDefiner[]>;
}

export function openMysqlConsole(
  server: MysqlServer,
  { exec, signal, timeoutMs }: SourceAccess,
): MysqlConsole {
  // Whoever dies leaves its statement to the server: it shall not wait for a table longer than anybody waits for it.
  const session = `SET SESSION lock_wait_timeout = ${Math.max(1, Math.floor(timeoutMs / 2000))};\n`;
  const run: MysqlConsole["run"] = async (sql, problem, database) => {
    const command = server.commandWithInput(server.clientProgram, [
      "--batch",
      "--skip-column-names",
      "--binary-mode",
      "--default-character-set=utf8mb4",
      ...(database === undefined ? [] : [`--database=${database}`]),
    ]);
    const input = `${session}${sql}\n;\n`;
    const result = await exec(command, { timeoutMs, signal, env: server.env, input });
    if (result.exitCode !== 0) throw describeRefusal(problem, result, timeoutMs);
    return result.stdout.split("\n").filter((line) => line !== "");
  };
  const askNames: MysqlConsole["askNames"] = async (sql, problem) =>
    (await run(sql, problem)).map((line) => {
      const [hex = "", ...rest] = line.split("\t");
      return [Buffer.from(hex, "hex").toString(), ...rest];
    });
  const namesOf = async (sql: string, problem: string) =>
    (await askNames(sql, problem)).map(([name]) => name);
  return {
    run,
    askNames,
    findDatabases: async (names) => {
      const all = await askNames(
        "SELECT HEX(SCHEMA_NAME), @@lower_case_table_names FROM information_schema.SCHEMATA",
        "Cannot list the databases",
      );
      const isCalled = (name: string, [found, fold]: readonly string[]) =>
        fold === "0" ? found === name : found?.toLowerCase() === name.toLowerCase();
      return names.filter((name) => all.some((found) => isCalled(name, found)));
    },
    listTables: (database) =>
      namesOf(
        `SELECT HEX(TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${hexText(database)} AND TABLE_TYPE NOT LIKE '%VIEW'`,
        `Cannot list the tables of "${database}"`,
      ),
    listDefinitions: async (database) => {
      const name = hexText(database);
      const questions = [
        `SELECT HEX(TRIGGER_NAME), 'TRIGGER' FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${name}`,
        `SELECT HEX(EVENT_NAME), 'EVENT' FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${name}`,
        `SELECT HEX(ROUTINE_NAME), ROUTINE_TYPE FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${name}`,
        `SELECT HEX(TABLE_NAME), 'VIEW' FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ${name}`,
      ];
      const found = await askNames(questions.join(";\n"), `Cannot list what is in "${database}"`);
      return found.flatMap(([one, kind = ""]) => (isDefinitionKind(kind) ? [{ kind, name: one }] : []));
    },
    listDefiners: async (database) => {
      const name = hexText(database);
      const questions = [
        `SELECT DISTINCT HEX(DEFINER), 'TRIGGER' FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${name}`,
        `SELECT DISTINCT HEX(DEFINER), 'EVENT' FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${name}`,
        `SELECT DISTINCT HEX(DEFINER), ROUTINE_TYPE FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${name}`,
        `SELECT DISTINCT HEX(DEFINER), 'VIEW' FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ${name}`,
      ];
      const found = await askNames(questions.join(";\n"), `Cannot ask who made what is in "${database}"`);
      return found.flatMap(([definer, kind = ""]) => {
        const at = definer.lastIndexOf("@");
        const [user, host] = at === -1 ? [definer, ""] : [definer.slice(0, at), definer.slice(at + 1)];
        return isDefinitionKind(kind) ? [{ kind, user, host }] : [];
      });
    },
  };
}

/** `CHARACTER SET … COLLATE …` of a database, for another. */
export async function readCharacterSet({ askNames }: MysqlConsole, database: string): Promise<string> {
  const [found] = await askNames(
    `SELECT HEX(DEFAULT_CHARACTER_SET_NAME), DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${hexText(database)}`,
    `Cannot look at "${database}"`,
  );
  const [set = "", collation = ""] = found ?? [];
  return `CHARACTER SET ${quoteMysqlName(set)} COLLATE ${quoteMysqlName(collation)}`;
}
