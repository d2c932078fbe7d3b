import { join } from "node:path";
import type { MysqlTarget } from "#lib/core/database-url.ts";
import {
  checkSocket,
  prepareServer,
  type ScratchAccess,
  type ScratchServer,
  startServer,
  withServerPath,
} from "#lib/sources/scratch-server.ts";

const programs = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec"];

export interface ScratchMysql extends ScratchServer {
  readonly target: MysqlTarget;
  /** Start it again, open to everybody who reaches its socket: what was loaded may have brought users. */
  readonly restartOpen: () => Promise<void>;
}

/** A server of MariaDB, which takes dumps of MySQL as well; `target` reaches it. Throws OpsError "failed". */
export async function startScratchMysql(access: ScratchAccess): Promise<ScratchMysql> {
  const { directory, isRoot } = access;
  const socket = join(directory, "socket");
  checkSocket(socket);
  const data = join(directory, "data");
  // A server that starts removes every temporary table from its directory for them: /tmp would be that of the live one as well.
  const own = [`--tmpdir=${directory}`, ...(isRoot ? ["--user=mysql"] : [])];
  // The server gives up root, and has to get into its directory all the same.
  if (isRoot)
    await prepareServer(access, ["chown", "mysql:", "--", directory], "give the server its directory");
  const install = ["mariadb-install-db", "--no-defaults", `--datadir=${data}`, "--skip-test-db"] as const;
  await prepareServer(
    access,
    withServerPath([...install, "--auth-root-authentication-method=normal", ...own], programs),
    "prepare a server of MariaDB",
  );
  const start = (...more: readonly string[]) =>
    startServer(
      access,
      withServerPath(
        [
          "mariadbd",
          "--no-defaults",
          `--datadir=${data}`,
          `--socket=${socket}`,
          `--pid-file=${join(directory, "pid")}`,
          "--skip-networking",
          "--skip-log-bin",
          // What is thrown away need not survive a power cut.
          "--innodb-flush-log-at-trx-commit=0",
          "--max-allowed-packet=1G",
          ...own,
          ...more,
        ],
        programs,
      ),
      ["mariadb-admin", "--no-defaults", `--socket=${socket}`, "--user=root", "ping"],
    );
  let server: ScratchServer | undefined = await start();
  const stop = async () => {
    await server?.stop();
    server = undefined;
  };
  const target: MysqlTarget = {
    kind: "mysql",
    user: "root",
    password: undefined,
    host: undefined,
    port: undefined,
    socket,
    database: undefined,
    container: undefined,
    componentName: "drill",
  };
  const restartOpen = async () => {
    await stop();
    server = await start("--skip-grant-tables");
  };
  return { stop, target, restartOpen };
}
