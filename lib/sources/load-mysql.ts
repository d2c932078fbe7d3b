/** A dump of one database of MySQL or MariaDB, loaded into a new database. */
import { Buffer } from "node:buffer";
import type { MysqlTarget } from "#lib/core/database-url.ts";
import { createEventDisabler } from "#lib/core/mysql-events.ts";
import { hintOnMysql, mysqlEndProof, mysqlHarmless } from "#lib/core/mysql-status.ts";
import {
  compareTables,
  type DatabaseLoader,
  findLostRows,
  type LoadEnd,
} from "#lib/sources/load-database.ts";
import { describeRefusal, openMysql } from "#lib/sources/mysql-server.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

/** In a dump of one database there is none of these; any would change a database that nobody named. */
const strayStatements = ["\nUSE `", "\nCREATE DATABASE ", "\nDROP DATABASE "].map((text) =>
  Buffer.from(text),
);
const longest = Math.max(...strayStatements.map(({ length }) => length));

export async function createMysqlLoader(
  target: MysqlTarget,
  name: string,
  facts: Readonly<Record<string, unknown>>,
  access: SourceAccess,
): Promise<DatabaseLoader> {
  const server = await openMysql(target, access);
  const { exec, signal, stallMs } = access;
  const quoted = `\`${name.replaceAll("`", "``")}\``;
  const literal = `'${name.replaceAll(/['\\]/g, "\\$&")}'`;
  const ask = async (sql: string, problem: string, timeoutMs = access.timeoutMs): Promise<string> => {
    const options = ["--batch", "--skip-column-names", "--default-character-set=utf8mb4", `--execute=${sql}`];
    const result = await exec(server.command(server.clientProgram, options), {
      timeoutMs,
      signal,
      env: server.env,
    });
    if (result.exitCode !== 0) throw describeRefusal(problem, result, timeoutMs);
    return result.stdout.trim();
  };
  const trailer = mysqlEndProof.createJudge();
  const events = createEventDisabler();
  let tail = Buffer.from("\n");
  return {
    create: async () => {
      await ask(`CREATE DATABASE ${quoted}${characterSet(facts)}`, `Cannot create the database "${name}"`);
    },
    // In binary mode the client obeys no commands of its own that stand in the dump, such as those that run programs.
    command: server.commandWithInput(server.clientProgram, [
      "--binary-mode",
      "--default-character-set=utf8mb4",
      `--database=${name}`,
    ]),
    env: server.env,
    inspect: (chunk) => {
      trailer.read(chunk);
      const bytes = Buffer.concat([tail, chunk]);
      tail = Buffer.from(bytes.subarray(-longest));
      const stray = strayStatements.find((one) => bytes.includes(one));
      return stray && `it says "${stray.toString().trim()}": it is no dump of a single database`;
    },
    rewrite: events.rewrite,
    disabledEvents: events.disabled,
    judge: (exitCode, stderr) =>
      judgeMysqlClient(server.clientProgram, trailer.judge().problem, exitCode, stderr),
    compare: async (dumped) => {
      const sql =
        "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') " +
        `AND TABLE_SCHEMA = ${literal}`;
      return compareTables(Number(await ask(sql, `Cannot look into "${name}"`)), dumped);
    },
    compareRows: async (dumped) => {
      const problem = `Cannot count the rows of "${name}"`;
      const sql = `SELECT HEX(TABLE_NAME), TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${literal}`;
      const lines = (await ask(sql, problem)).split("\n").map((line) => line.split("\t"));
      const types = new Map(
        lines.map(([hex = "", type = ""]) => [Buffer.from(hex, "hex").toString(), type] as const),
      );
      return findLostRows(dumped, (table) => types.has(table.name), {
        // Past rows are in the dump as well.
        from: (table) =>
          `${quoted}.\`${table.name.replaceAll("`", "``")}\`` +
          (types.get(table.name) === "SYSTEM VERSIONED" ? " FOR SYSTEM_TIME ALL" : ""),
        ask: (question, timeoutMs) => ask(question, problem, timeoutMs),
        stallMs,
      });
    },
    drop: async () => {
      await ask(`DROP DATABASE ${quoted}`, `Cannot drop the database "${name}"`);
    },
  };
}

/** The client is content with a dump that is cut between two statements: `cut` says so. */
export function judgeMysqlClient(
  program: string,
  cut: string | undefined,
  exitCode: number | null,
  stderr: string,
): LoadEnd {
  if (exitCode === 0)
    return cut === undefined ? { outcome: "complete", problems: [] } : { outcome: "failed", problems: [cut] };
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !mysqlHarmless.test(line));
  // What stands before the error is the statement, with the rows in it: they are nobody's business.
  const said = lines.filter((line) => line.startsWith("ERROR "));
  const problems = said.length > 0 ? said : lines;
  if (problems.length === 0) problems.push(`${program} ended with ${exitCode ?? "a signal"}`);
  return { outcome: "failed", problems, hint: hintOnMysql(problems.join("\n")) };
}

/** As the dumped one had them. They come from a manifest that may be anybody's. */
function characterSet({ characterSet: set, collation }: Readonly<Record<string, unknown>>): string {
  const isWord = (value: unknown): value is string => typeof value === "string" && /^\w+$/.test(value);
  if (!isWord(set) || !isWord(collation)) return "";
  return ` CHARACTER SET ${set} COLLATE ${collation}`;
}
