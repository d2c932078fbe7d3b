/** How a server of MySQL or MariaDB is reached, with which programs, and what they say when they are not let in. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commandInContainer, commandOnLifeline, commandWithInput } from "#lib/core/container-command.ts";
import type { MysqlTarget } from "#lib/core/database-url.ts";
import type { ExecResult } from "#lib/core/deps.ts";
import { hintOnMysql, mysqlHarmless } from "#lib/core/mysql-status.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { findContainer } from "#lib/sources/in-container.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

type Command = readonly [string, ...string[]];

export interface MysqlServer {
  readonly dumpProgram: string;
  /** In its own words. */
  readonly dumpVersion: string;
  readonly clientProgram: string;
  readonly command: (program: string, args: readonly string[]) => Command;
  /** The same for a program that reads our standard input. */
  readonly commandWithInput: (program: string, args: readonly string[]) => Command;
  readonly env: Readonly<Record<string, string>>;
}

const optionFileMarker = "@OPTION-FILE@";

/**
 * Ready to run the server's programs. The password goes into an option file of this run; everything else is in arguments.
 *
 * With it HOME is no user's: `~/.my.cnf` is read after an extra file and would win over it.
 */
export async function openMysql(target: MysqlTarget, access: SourceAccess): Promise<MysqlServer> {
  const file = target.password && (await writeOptionFile(target.password.reveal(), access));
  const id = target.container === undefined ? undefined : await findContainer(target.container, access);
  const connection = listConnection(target);
  const reach =
    (wrap: typeof commandOnLifeline) =>
    (program: string, args: readonly string[]): Command => {
      if (id === undefined) {
        const option = file === undefined ? [] : [`--defaults-extra-file=${file.path}`];
        return [program, ...option, ...connection, ...args];
      }
      if (file === undefined) return wrap(id, undefined, [program, ...connection, ...args]);
      const option = `--defaults-extra-file=${optionFileMarker}`;
      const inside = ["env", "HOME=/nonexistent", program, option, ...connection, ...args];
      return wrap(id, { path: file.path, marker: optionFileMarker }, inside);
    };
  const dump = await findProgram(["mariadb-dump", "mysqldump"], id, access);
  const client = await findProgram(["mariadb", "mysql"], id, access);
  const env = id === undefined && file !== undefined ? { HOME: file.directory } : {};
  return {
    dumpProgram: dump.name,
    dumpVersion: dump.version,
    clientProgram: client.name,
    command: reach(commandOnLifeline),
    commandWithInput: reach(commandWithInput),
    env,
  };
}

/** As everywhere with MySQL, "localhost" without a port is the socket. */
function listConnection({ host, port, socket, user }: MysqlTarget): string[] {
  const isTcp = host !== undefined && (host !== "localhost" || port !== undefined);
  return [
    ...(host === undefined ? [] : [`--host=${host}`]),
    ...(isTcp ? ["--protocol=tcp"] : []),
    ...(port === undefined ? [] : [`--port=${port}`]),
    ...(socket === undefined ? [] : [`--socket=${socket}`]),
    ...(user === undefined ? [] : [`--user=${user}`]),
  ];
}

async function writeOptionFile(
  password: string,
  access: SourceAccess,
): Promise<{ directory: string; path: string }> {
  const directory = await access.privateDirectory();
  const path = join(directory, "client.cnf");
  await writeFile(path, `[client]\npassword="${escapeOption(password)}"\n`, { mode: 0o600, flag: "wx" });
  return { directory, path };
}

/** In an option file's double quotes a backslash begins an escape. */
function escapeOption(text: string): string {
  const lineEnds = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return Object.entries(lineEnds).reduce(
    (escaped, [character, written]) => escaped.replaceAll(character, written),
    text.replaceAll(/[\\"]/g, "\\$&"),
  );
}

/** The first of them that is there. One that cannot be asked, since its container is down, is another thing. */
async function findProgram(
  names: readonly string[],
  id: string | undefined,
  { exec, signal, timeoutMs }: SourceAccess,
): Promise<{ name: string; version: string }> {
  for (const name of names) {
    const command: Command =
      id === undefined ? [name, "--version"] : commandInContainer(id, [name, "--version"]);
    const result = await exec(command, { timeoutMs, signal });
    if (result.exitCode === 0) return { name, version: result.stdout.trim() };
    const isMissing = id === undefined ? result.notFound : false;
    if (!isMissing && result.exitCode !== 126 && result.exitCode !== 127) {
      throw describeRefusal(`Cannot run ${command.slice(0, -1).join(" ")}`, result, timeoutMs);
    }
  }
  const where = id === undefined ? "it is not installed" : `it is not in the container "${id}"`;
  throw new OpsError(`Cannot run ${names.join(" or ")}: ${where}`, {
    outcome: "failed",
    hint:
      id === undefined
        ? "apt-get install mariadb-client; under cron, set PATH"
        : "Is this the container of the database?",
  });
}

/** An OpsError "failed" in the words of the program that was to answer. */
export function describeRefusal(problem: string, result: ExecResult, timeoutMs: number): OpsError {
  const lines = result.stderr.split("\n").filter((line) => line.trim() !== "" && !mysqlHarmless.test(line));
  // A client says the whole statement before its error.
  const errors = lines.filter((line) => line.startsWith("ERROR "));
  const said =
    (errors.length > 0 ? errors : lines).join("; ") ||
    `it ended with ${result.signal ?? `exit code ${result.exitCode}`}`;
  const words = result.timedOut
    ? `no answer from the server after ${timeoutMs / 1000} s`
    : result.notFound
      ? "the program is not installed"
      : said;
  return new OpsError(`${problem}: ${words}`, { outcome: "failed", hint: hintOnMysql(words) });
}
