/** Databases that stacks name by the label `lastgood.dump`: dumped in their containers, which run on. */
import type { Container } from "#lib/core/containers.ts";
import type { MysqlTarget, PostgresTarget } from "#lib/core/database-url.ts";
import { type DumpKind, dumpKindOf, isDumped } from "#lib/core/dump-label.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { createSecret } from "#lib/core/secret.ts";
import { createMysqlSource } from "#lib/sources/mysql.ts";
import { createPostgresSources } from "#lib/sources/postgres.ts";
import type { Source, SourceAccess } from "#lib/sources/source.ts";

interface DumpSettings {
  readonly DB_MIN_KB: number;
}

/** What the official images are told by their environment: who may do everything, with a password or a file that holds it. */
const readAccountOf: Readonly<Record<DumpKind, string>> = {
  postgres:
    'u=$POSTGRES_USER; [ -n "$u" ] || u=postgres; p=$POSTGRES_PASSWORD; f=$POSTGRES_PASSWORD_FILE; ' +
    '[ -z "$f" ] || p=$(cat "$f"); printf "%s\\n%s\\n" "$u" "$p"',
  mysql:
    'p=$MARIADB_ROOT_PASSWORD; [ -n "$p" ] || p=$MYSQL_ROOT_PASSWORD; ' +
    'f=$MARIADB_ROOT_PASSWORD_FILE; [ -n "$f" ] || f=$MYSQL_ROOT_PASSWORD_FILE; ' +
    '[ -z "$f" ] || p=$(cat "$f"); printf "root\\n%s\\n" "$p"',
};

/** A source for each database server among `containers`; of replicas, the first. `nameOf` gives the component its name. */
export function createDumpSources(
  containers: readonly Container[],
  settings: DumpSettings,
  nameOf: (container: Container) => string,
): Source[] {
  const dumped = containers.filter(isDumped);
  const firsts = dumped.filter(
    ({ project, service }, index) =>
      dumped.findIndex((other) => other.project === project && other.service === service) === index,
  );
  return firsts.flatMap((container) => {
    const kind = dumpKindOf(container);
    return kind === undefined ? [] : [createDumpSource(kind, container, nameOf(container), settings)];
  });
}

function createDumpSource(
  kind: DumpKind,
  { name }: Container,
  componentName: string,
  settings: DumpSettings,
): Source {
  const server = {
    host: undefined,
    port: undefined,
    socket: undefined,
    database: undefined,
    container: { kind: "name", name },
    componentName,
  } as const;
  const sourceFor = (user: string | undefined, password: string | undefined): Source => {
    const account = { user, password: password === undefined ? undefined : createSecret(password) };
    const target: MysqlTarget | PostgresTarget = { kind, ...server, ...account };
    const [source] =
      target.kind === "mysql"
        ? [createMysqlSource(target, settings)]
        : createPostgresSources(target, settings);
    if (source === undefined) throw new Error("A server is a source");
    return source;
  };
  return {
    ...sourceFor(undefined, undefined),
    describe: async () => `all databases in container "${name}", which runs on (label lastgood.dump)`,
    // Who may dump is known to the container alone, and asked when it is needed.
    open: async (access) => {
      const { user, password } = await readAccount(kind, name, access);
      return sourceFor(user, password).open(access);
    },
  };
}

async function readAccount(
  kind: DumpKind,
  container: string,
  { exec, signal, timeoutMs }: SourceAccess,
): Promise<{ readonly user: string | undefined; readonly password: string | undefined }> {
  const result = await exec(["docker", "exec", container, "sh", "-c", readAccountOf[kind]], {
    timeoutMs,
    signal,
  });
  if (result.exitCode !== 0) {
    const words = result.timedOut ? "no answer from docker" : result.stderr.trim();
    throw new OpsError(`Cannot read the account of the database in container "${container}": ${words}`, {
      outcome: "failed",
      hint: `docker exec ${container} env`,
    });
  }
  const [user = "", password = ""] = result.stdout.split("\n");
  return { user: user || undefined, password: password || undefined };
}
