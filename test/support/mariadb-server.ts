/** A real MariaDB server of its own: a new data directory, a port and a socket of its own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRoot } from "#test/support/capabilities.ts";
import { findFreePort } from "#test/support/ports.ts";
import { waitFor } from "#test/support/wait-for.ts";

export const hasMariadb = ["/usr/sbin/mariadbd", "/usr/bin/mariadb-install-db"].every((path) =>
  existsSync(path),
);

export interface MariadbServer extends AsyncDisposable {
  readonly port: number;
  /** Through it root needs no password. */
  readonly socket: string;
  readonly dataDirectory: string;
  /** Run statements as root, and give what they print, columns parted by tabs. */
  readonly sql: (database: string, ...statements: readonly string[]) => string;
}

interface ServerOptions {
  readonly hasBinaryLog?: boolean;
  /** Names are stored in small letters, whatever they are given in. */
  readonly hasSmallNames?: boolean;
}

export async function startMariadbServer({
  hasBinaryLog = false,
  hasSmallNames = false,
}: ServerOptions = {}): Promise<MariadbServer> {
  if (!hasMariadb) throw new Error("Cannot start MariaDB: it is missing, run test/support/install-parts.sh");
  const directory = mkdtempSync(join(tmpdir(), "lastgood-maria-"));
  const data = join(directory, "data");
  const socket = join(directory, "mysqld.sock");
  const port = await findFreePort();
  if (isRoot) chownToMysql(directory);
  // In one for several servers, each that starts removes the temporary tables of the others.
  const own = [`--tmpdir=${directory}`, ...(isRoot ? ["--user=mysql"] : [])];
  const installed = spawnSync(
    "mariadb-install-db",
    [
      `--datadir=${data}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      "--no-defaults",
      ...own,
    ],
    { encoding: "utf8" },
  );
  if (installed.status !== 0)
    throw new Error(`mariadb-install-db failed: ${installed.stdout}${installed.stderr}`);
  const log = join(directory, "error.log");
  const child = spawn(
    "/usr/sbin/mariadbd",
    [
      "--no-defaults",
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      `--pid-file=${directory}/pid`,
      `--log-error=${log}`,
      "--innodb-flush-log-at-trx-commit=0",
      "--innodb-buffer-pool-size=32M",
      "--skip-name-resolve",
      // A broken table stays broken.
      "--myisam-recover-options=OFF",
      ...(hasSmallNames ? ["--lower-case-table-names=1"] : []),
      ...(hasBinaryLog ? [`--log-bin=${data}/binlog`, "--server-id=1"] : []),
      ...own,
    ],
    { stdio: "ignore" },
  );
  const sql: MariadbServer["sql"] = (database, ...statements) => {
    const args = [
      "--no-defaults",
      `--socket=${socket}`,
      "--user=root",
      "--batch",
      "--skip-column-names",
      database,
    ];
    return execFileSync("mariadb", args, { encoding: "utf8", input: statements.join(";\n") }).trim();
  };
  const stop = async () => {
    const ended = hasEnded(child);
    child.kill("SIGKILL");
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await waitFor(() => answers(child, socket), { what: "MariaDB to answer", timeoutMs: 30_000 });
  } catch (error) {
    const words = existsSync(log) ? readFileSync(log, "utf8") : "";
    await stop();
    throw new Error(words, { cause: error });
  }
  return { port, socket, dataDirectory: data, sql, [Symbol.asyncDispose]: stop };
}

function answers(child: ChildProcess, socket: string): boolean {
  if (child.exitCode !== null) throw new Error(`mariadbd ended with ${child.exitCode}`);
  const args = ["--no-defaults", `--socket=${socket}`, "--user=root", "--silent", "ping"];
  return spawnSync("mariadb-admin", args, { stdio: "ignore" }).status === 0;
}

function hasEnded(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

function chownToMysql(path: string): void {
  const [uid, gid] = ["-u", "-g"].map((what) => Number(execFileSync("id", [what, "mysql"])));
  chownSync(path, uid!, gid!);
}
