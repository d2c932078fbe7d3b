/**
 * Real database servers in real containers. Their image is empty but for the links that Debian has: the programs are this
 * machine's own, or unpacked ones, mounted read-only as /usr, so that nothing has to be built or pulled.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DockerEngine } from "#test/support/docker-engine.ts";
import { waitFor } from "#test/support/wait-for.ts";

const usrImage = "lastgood-usr:local";
const newerUsr = join(process.env.LASTGOOD_PARTS ?? "/var/cache/lastgood-parts", "postgresql-17/usr");

export const hasNewerPostgres = existsSync(join(newerUsr, "lib/postgresql/17/bin/pg_dump"));

/** A service of a compose file. */
export interface DatabaseService {
  readonly usr: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Directory of this machine that becomes the socket's. */
  readonly socketDirectory?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  /** Ends with 0 as soon as the server answers. */
  readonly ping: readonly string[];
}

/** Root needs no password by the socket. Started again, it goes on with the data that it has. */
export const mariadbService: DatabaseService = {
  usr: "/usr",
  command: [
    "sh",
    "-c",
    "mkdir -p /run/mysqld /var/lib/mysql && chown mysql /run/mysqld && cd / && " +
      "{ [ -d /var/lib/mysql/mysql ] || " +
      "mariadb-install-db --no-defaults --datadir=/var/lib/mysql --user=mysql --auth-root-authentication-method=normal --skip-test-db >/dev/null; } && " +
      "exec mariadbd --no-defaults --datadir=/var/lib/mysql --user=mysql --socket=/run/mysqld/mysqld.sock --innodb-buffer-pool-size=32M",
  ],
  ping: ["mariadb-admin", "ping"],
};

/** As the images of PostgreSQL are: its superuser's name in a variable, and no password by the socket. */
export function postgresService(options: {
  readonly user: string;
  readonly isNewer?: boolean;
  readonly socketDirectory?: string;
}): DatabaseService {
  const version = options.isNewer === true ? "17" : findVersion();
  const begin =
    `initdb --no-sync --no-locale --encoding=UTF8 -D /var/lib/pg -U ${options.user} --auth=trust >/dev/null && ` +
    "exec postgres -D /var/lib/pg -c unix_socket_directories=/var/run/postgresql -c listen_addresses= -c fsync=off";
  return {
    usr: options.isNewer === true ? newerUsr : "/usr",
    environment: { PATH: `/usr/lib/postgresql/${version}/bin:/usr/bin:/bin`, POSTGRES_USER: options.user },
    command: [
      "busybox",
      "sh",
      "-c",
      "for d in /run/postgresql /var/lib/pg; do busybox mkdir -p $d && busybox chown postgres $d; done; cd / && " +
        `exec busybox su postgres -s /bin/sh -c '${begin}'`,
    ],
    ping: ["psql", `--username=${options.user}`, "--dbname=postgres", "--command=SELECT 1"],
    ...(options.socketDirectory === undefined ? {} : { socketDirectory: options.socketDirectory }),
  };
}

/** Start services as one compose project, and wait until each answers. */
export async function startDatabases(
  engine: DockerEngine,
  project: string,
  services: Readonly<Record<string, DatabaseService>>,
): Promise<void> {
  importUsrImage(engine);
  const entries = Object.entries(services).map(([name, service]) => [
    name,
    {
      image: usrImage,
      network_mode: "none",
      command: service.command.map((word) => word.replaceAll("$", "$$$$")),
      environment: service.environment ?? {},
      labels: service.labels ?? {},
      volumes: [
        ...(service.volumes ?? []),
        `${service.usr}:/usr:ro`,
        ...(service.socketDirectory === undefined ? [] : [`${service.socketDirectory}:/run/postgresql`]),
      ],
    },
  ]);
  engine.up(project, JSON.stringify({ services: Object.fromEntries(entries) }));
  for (const [name, { ping }] of Object.entries(services)) {
    await waitFor(() => answers(engine, `${project}-${name}-1`, ping), {
      what: `${name} to answer`,
      timeoutMs: 60_000,
    });
  }
}

function answers(engine: DockerEngine, container: string, ping: readonly string[]): boolean {
  try {
    engine.docker("exec", container, ...ping);
    return true;
  } catch (error) {
    const state = engine.docker("inspect", "--format={{.State.Status}}", container);
    if (state === "running") return false;
    throw new Error(`${container} is ${state}: ${engine.docker("logs", container)}`, { cause: error });
  }
}

/** The mount brings its own programs; the image has what every program expects beside them. */
function importUsrImage(engine: DockerEngine): void {
  const root = join(engine.directory, "..", "usr-image");
  if (existsSync(root)) return;
  for (const name of ["usr", "etc", "tmp", "var/lib", "run"])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(root, name));
  symlinkSync("../run", join(root, "var/run"));
  for (const file of ["passwd", "group"]) {
    const lines = readFileSync(`/etc/${file}`, "utf8").split("\n");
    const kept = lines.filter((line) => /^(?:root|mysql|postgres):/.test(line));
    writeFileSync(join(root, "etc", file), `${kept.join("\n")}\n`);
  }
  const archive = execFileSync("tar", ["-C", root, "--mode=a=rwX", "-c", "."]);
  const env = { ...engine.environment };
  execFileSync("docker", ["import", "-", usrImage], {
    env,
    input: archive,
    stdio: ["pipe", "ignore", "pipe"],
  });
}

function findVersion(): string {
  const link = execFileSync("sh", ["-c", "ls -d /usr/lib/postgresql/*/bin/initdb | sort -V | tail -1"], {
    encoding: "utf8",
  });
  return /postgresql\/(\d+)\//.exec(link)?.[1] ?? "";
}
