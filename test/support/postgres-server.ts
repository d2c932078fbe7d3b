/** A real PostgreSQL server of its own: a new cluster in a temporary directory, on a port and a socket of its own. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRoot } from "#test/support/capabilities.ts";
import { findFreePort } from "#test/support/ports.ts";

const programs = findPrograms();

export const hasPostgres = programs !== undefined;

export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  /** Directory of the socket; through it the system user postgres needs no password. */
  readonly socket: string;
  /** The superuser's, who is called postgres. */
  readonly password: string;
  /** For programs of PostgreSQL that act as the superuser, over TCP. */
  readonly environment: Readonly<Record<string, string>>;
  /** Run statements, each in a transaction of its own, and give what they print. */
  readonly sql: (database: string, ...statements: readonly string[]) => string;
}

export async function startPostgresServer(): Promise<PostgresServer> {
  if (programs === undefined)
    throw new Error("Cannot start PostgreSQL: it is missing, run test/support/install-parts.sh");
  const directory = mkdtempSync(join(tmpdir(), "lastgood-pg-"));
  const socket = join(directory, "socket");
  const password = "super user's";
  const port = await findFreePort();
  mkdirSync(socket);
  writeFileSync(join(directory, "password"), `${password}\n`);
  // The server refuses to run as root.
  if (isRoot) for (const path of ["", "socket", "password"]) chownToPostgres(join(directory, path));
  const data = join(directory, "data");
  const run = (program: string, ...args: readonly string[]) => {
    const command = [...(isRoot ? asPostgres : []), join(programs, program), ...args];
    const { status, stderr } = spawnSync(command[0]!, command.slice(1), {
      cwd: "/",
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (status !== 0) throw new Error(`${program} failed: ${stderr}${readLog(directory)}`);
  };
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    const login = ["--auth-host=scram-sha-256", "--auth-local=peer", "--username=postgres"];
    run("initdb", "--no-sync", "--encoding=UTF8", ...login, `--pwfile=${directory}/password`, data);
    const settings = [
      `port=${port}`,
      "listen_addresses=127.0.0.1",
      `unix_socket_directories=${socket}`,
      "fsync=off",
    ];
    const options = settings.map((setting) => `-c ${setting}`).join(" ");
    run("pg_ctl", "--wait", `--pgdata=${data}`, `--log=${directory}/log`, `--options=${options}`, "start");
  } catch (error) {
    remove();
    throw error;
  }
  const environment = {
    PATH: process.env.PATH ?? "",
    LC_ALL: "C",
    PGHOST: "127.0.0.1",
    PGPORT: String(port),
    PGUSER: "postgres",
    PGPASSWORD: password,
    PGDATABASE: "postgres",
  };
  return {
    port,
    socket,
    password,
    environment,
    sql: (database, ...statements) => {
      const args = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
      const commands = statements.map((statement) => `--command=${statement}`);
      const env = { ...environment, PGDATABASE: database };
      return execFileSync("psql", [...args, ...commands], { env, encoding: "utf8" }).trim();
    },
    [Symbol.asyncDispose]: async () => {
      run("pg_ctl", "--wait", `--pgdata=${data}`, "--mode=immediate", "stop");
      remove();
    },
  };
}

const asPostgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"];

function chownToPostgres(path: string): void {
  const [uid, gid] = ["-u", "-g"].map((what) => Number(execFileSync("id", [what, "postgres"])));
  chownSync(path, uid!, gid!);
}

function readLog(directory: string): string {
  try {
    return readFileSync(join(directory, "log"), "utf8");
  } catch {
    return "";
  }
}

/** Debian keeps them where no PATH leads, beside those of clients; the newest version is taken. */
function findPrograms(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root) : [];
  return versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(root, version, "bin"))
    .find((directory) => existsSync(join(directory, "initdb")));
}
