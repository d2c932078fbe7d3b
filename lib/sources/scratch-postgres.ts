import { join } from "node:path";
import type { PostgresTarget } from "#lib/core/database-url.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import {
  checkSocket,
  prepareServer,
  type ScratchAccess,
  type ScratchServer,
  startServer,
} from "#lib/sources/scratch-server.ts";

/** PostgreSQL refuses to run as root. */
const asPostgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] as const;

/** A server of PostgreSQL, of the newest version that is installed; `target` reaches it. Throws OpsError "failed". */
export async function startScratchPostgres(
  access: ScratchAccess,
): Promise<ScratchServer & { readonly target: PostgresTarget }> {
  const { directory, isRoot } = access;
  checkSocket(join(directory, ".s.PGSQL.5432"));
  const programs = await findPrograms(access);
  const data = join(directory, "data");
  const run = (program: string, ...args: readonly string[]): readonly [string, ...string[]] =>
    isRoot ? [...asPostgres, join(programs, program), ...args] : [join(programs, program), ...args];
  if (isRoot)
    await prepareServer(access, ["chown", "postgres:", "--", directory], "give the server its directory");
  await prepareServer(
    access,
    // The directory of its socket is closed to everybody else.
    run("initdb", "--no-sync", "--encoding=UTF8", "--auth=trust", "--username=postgres", `--pgdata=${data}`),
    "prepare a server of PostgreSQL",
  );
  const settings = [
    "listen_addresses=",
    `unix_socket_directories=${directory}`,
    "fsync=off",
    "full_page_writes=off",
  ];
  const server = await startServer(
    access,
    run("postgres", "-D", data, ...settings.flatMap((setting) => ["-c", setting])),
    run("pg_isready", `--host=${directory}`, "--username=postgres"),
  );
  const target: PostgresTarget = {
    kind: "postgres",
    user: "postgres",
    password: undefined,
    host: undefined,
    port: undefined,
    socket: directory,
    database: undefined,
    container: undefined,
    componentName: "drill",
  };
  return { ...server, target };
}

/** Debian keeps them where no PATH leads, one directory for each version. */
async function findPrograms({ exec, signal }: ScratchAccess): Promise<string> {
  const script =
    'for d in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -rn) $(dirname "$(command -v initdb)" 2>/dev/null); do ' +
    'if [ -x "$d/initdb" ] && [ -x "$d/postgres" ]; then echo "$d"; exit; fi; done; exit 1';
  const found = await exec(["sh", "-c", script], { timeoutMs: 10_000, signal });
  const directory = found.stdout.trim();
  if (found.exitCode === 0 && directory !== "") return directory;
  throw new OpsError("Cannot prepare a server of PostgreSQL: it is not installed", {
    outcome: "failed",
    hint: "apt-get install postgresql; the drill makes a cluster of its own",
  });
}
