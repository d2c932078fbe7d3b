/**
 * How PostgreSQL's programs reach a server. The password travels in a file that only they may open (PGPASSFILE), all
 * else in the environment: there a database's name needs no quoting and is never taken for a connection string.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commandInContainer, commandOnLifeline, commandWithInput } from "#lib/core/container-command.ts";
import type { PostgresTarget } from "#lib/core/database-url.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { createPostgresReader } from "#lib/core/postgres-status.ts";
import { findContainer } from "#lib/sources/in-container.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

type Command = readonly [string, ...string[]];

export interface PostgresConnection {
  /** A program of PostgreSQL where it reaches the server. */
  readonly connected: (program: string, ...args: readonly string[]) => Command;
  /** The same for one that reads our standard input. */
  readonly connectedWithInput: (program: string, ...args: readonly string[]) => Command;
  /** The same program without a server; its standard input is ours. */
  readonly alone: (program: string, ...args: readonly string[]) => Command;
  /** Goes with `connected`. */
  readonly env: Readonly<Record<string, string>>;
}

const systemUser = "postgres";

/** A new cluster lets its system user in by the socket without a password, and nobody else. */
const asSystemUser = [
  // Root's directory may be closed to it.
  "env",
  "--chdir=/",
  // Becomes the program itself; runuser would stay as its parent and open a PAM session for every question.
  "setpriv",
  `--reuid=${systemUser}`,
  `--regid=${systemUser}`,
  "--init-groups",
] as const;

/** An image of PostgreSQL names its first superuser in this variable. */
const asImageUser = [
  "sh",
  "-c",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell expands these
  'export PGUSER="${POSTGRES_USER:-postgres}"; exec "$@"',
  "sh",
] as const;

const passwordFileMarker = "@PASSWORD-FILE@";

/** Throws OpsError "failed" when there is no such container, or the password cannot be handed over. */
export async function connectPostgres(
  target: PostgresTarget,
  access: SourceAccess,
): Promise<PostgresConnection> {
  const passwordFile = target.password && (await writePasswordFile(target.password.reveal(), access));
  if (target.container === undefined) return connectHere(target, passwordFile, access);
  const id = await findContainer(target.container, access);
  const parameters = listParameters(target, passwordFile && passwordFileMarker, access);
  const handed = passwordFile === undefined ? undefined : { path: passwordFile, marker: passwordFileMarker };
  const before = [
    "env",
    ...parameters.map((pair) => pair.join("=")),
    ...(target.user === undefined ? asImageUser : []),
  ];
  return {
    connected: (...command) => commandOnLifeline(id, handed, [...before, ...command]),
    connectedWithInput: (...command) => commandWithInput(id, handed, [...before, ...command]),
    alone: (...command) => commandInContainer(id, command),
    env: {},
  };
}

async function connectHere(
  target: PostgresTarget,
  passwordFile: string | undefined,
  access: SourceAccess,
): Promise<PostgresConnection> {
  const isPeer = await isPeerLogin(target, access);
  const connected = (...command: Command): Command => (isPeer ? [...asSystemUser, ...command] : command);
  return {
    connected,
    connectedWithInput: connected,
    alone: (...command) => command,
    env: Object.fromEntries(listParameters(target, passwordFile, access)),
  };
}

/** What libpq reads from its environment. */
function listParameters(
  target: PostgresTarget,
  passwordFile: string | undefined,
  { timeoutMs }: SourceAccess,
): [string, string][] {
  const given: readonly (readonly [string, string | undefined])[] = [
    ["PGHOST", target.host ?? target.socket],
    ["PGPORT", target.port?.toString()],
    ["PGUSER", target.user],
    ["PGDATABASE", target.database ?? "postgres"],
    // In seconds, and half of the deadline, since the answer has to fit in as well.
    ["PGCONNECT_TIMEOUT", String(Math.max(2, Math.floor(timeoutMs / 2000)))],
    ["PGPASSFILE", passwordFile],
    // One from outside would come before the file; an empty one counts as none.
    ["PGPASSWORD", passwordFile === undefined ? undefined : ""],
  ];
  return given.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));
}

async function isPeerLogin(target: PostgresTarget, access: SourceAccess): Promise<boolean> {
  const { host, user, password } = target;
  const isLocal = host === undefined || host.startsWith("/");
  if (!isLocal || password !== undefined || (user ?? systemUser) !== systemUser) return false;
  const { exec, timeoutMs, signal } = access;
  return (await exec(["id", "-u"], { timeoutMs, signal })).stdout.trim() === "0";
}

/** One line, `host:port:database:user:password`: it serves this run alone, so it may match every server. */
async function writePasswordFile(password: string, access: SourceAccess): Promise<string> {
  if (/[\n\r\0]/.test(password)) {
    throw new OpsError("Cannot hand the password to PostgreSQL: it has a line break", {
      outcome: "failed",
      hint: "Its programs read passwords line by line: choose another one",
    });
  }
  const path = join(await access.privateDirectory(), "pgpass");
  await writeFile(path, `*:*:*:*:${password.replaceAll(/[\\:]/g, "\\$&")}\n`, { mode: 0o600, flag: "wx" });
  return path;
}

/** The one value that `sql` gives. Throws OpsError "failed" with the server's words after `problem`. */
export async function askPostgres(
  { connected, env }: PostgresConnection,
  { exec, timeoutMs, signal }: SourceAccess,
  sql: string,
  problem: string,
): Promise<string> {
  const options = ["--no-psqlrc", "--no-password", "--quiet", "--no-align", "--tuples-only"];
  const command = connected("psql", ...options, "--set=ON_ERROR_STOP=1", `--command=${sql}`);
  const result = await exec(command, { timeoutMs, signal, env });
  if (result.exitCode === 0) return result.stdout.trim();
  const reader = createPostgresReader();
  // What docker says of a program that it cannot start in a container comes on standard output.
  const isNotStarted = result.exitCode === 126 || result.exitCode === 127;
  const said = isNotStarted ? `${result.stdout}\n${result.stderr}` : result.stderr;
  for (const line of said.split("\n")) reader.readLine(line);
  const { problems, hint } = reader.classifyExit(result.exitCode);
  const words = result.timedOut
    ? `no answer after ${timeoutMs / 1000} s`
    : result.notFound
      ? `the program "${command[0]}" is not installed`
      : problems.join("; ") || `psql ended with ${result.exitCode}`;
  throw new OpsError(`${problem}: ${words}`, { outcome: "failed", hint });
}
