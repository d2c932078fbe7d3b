/**
 * Databases in real containers of a real engine: dumped by docker exec, dropped, and brought back by the commands that the
 * manifest names; and a server that is newer than the pg_dump of this machine.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDatabaseUrl } from "#lib/core/database-url.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { createMysqlSource } from "#lib/sources/mysql.ts";
import { createPostgresSources } from "#lib/sources/postgres.ts";
import type { Source } from "#lib/sources/source.ts";
import {
  hasNewerPostgres,
  mariadbService,
  postgresService,
  startDatabases,
} from "#test/support/database-containers.ts";
import { type DockerEngine, hasDocker, image, startDockerEngine } from "#test/support/docker-engine.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { hasMariadb } from "#test/support/mariadb-server.ts";
import { openSource } from "#test/support/open-source.ts";
import { hasPostgres } from "#test/support/postgres-server.ts";
import { createSandbox, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const password = String.raw`p"w\ 'it' #;%41`;
const login = `reader:${encodeURIComponent(password)}@`;

describe.skipIf(!(hasDocker && hasMariadb && hasPostgres))("A database in a container", () => {
  let engine: DockerEngine;
  let sockets: string;

  beforeAll(async () => {
    engine = await startDockerEngine();
    sockets = mkdtempSync(join(tmpdir(), "lastgood-pg17-"));
    chmodSync(sockets, 0o755);
    await startDatabases(engine, "shop", {
      maria: mariadbService,
      pg: postgresService({ user: "shop_owner" }),
      ...(hasNewerPostgres
        ? { newer: postgresService({ user: "postgres", isNewer: true, socketDirectory: sockets }) }
        : {}),
    });
    engine.up(
      "busy",
      JSON.stringify({
        name: "shop",
        services: {
          busy: { image, command: ["sleep", "1000"], network_mode: "none", deploy: { replicas: 2 } },
        },
      }),
    );
    const quoted = password.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
    mysql(
      "mysql",
      `CREATE USER reader IDENTIFIED BY '${quoted}'`,
      "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO reader",
    );
    psql("postgres", "CREATE ROLE reader LOGIN SUPERUSER PASSWORD 'x'", "CREATE ROLE clerk");
  }, 120_000);

  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    rmSync(sockets, { recursive: true, force: true });
  }, 60_000);

  const inside = (service: string, ...command: readonly string[]) =>
    engine.docker("exec", `shop-${service}-1`, ...command);
  const mysql = (database: string, ...statements: readonly string[]) =>
    inside(
      "maria",
      "mariadb",
      "--batch",
      "--skip-column-names",
      `--execute=${statements.join("; ")}`,
      database,
    );
  const psql = (database: string, ...statements: readonly string[]) =>
    inside(
      "pg",
      ...["psql", "-X", "-q", "-A", "-t", "--username=shop_owner", `--dbname=${database}`],
      ...statements.map((statement) => `--command=${statement}`),
    );
  const environmentOf = (sandbox: Sandbox) => ({
    ...engine.environment,
    ...sandbox.environment,
    HOME: engine.environment["HOME"] ?? "",
  });
  const sourcesOf = (url: string): readonly Source[] => {
    const parsed = parseDatabaseUrl(url);
    if (!parsed.ok) throw new Error(parsed.expected);
    const { target } = parsed;
    if (target.kind === "mysql") return [createMysqlSource(target, { DB_MIN_KB: 1 })];
    if (target.kind === "postgres") return createPostgresSources(target, { DB_MIN_KB: 1 });
    throw new Error("SQLite has no server");
  };
  const refusal = async (sandbox: Sandbox, url: string): Promise<OpsError> => {
    const [source] = sourcesOf(url);
    if (source === undefined) throw new Error("No source");
    try {
      await using _ = await openSource(sandbox, source, { env: environmentOf(sandbox) });
    } catch (error) {
      if (error instanceof OpsError) return error;
      throw error;
    }
    throw new Error("It was opened");
  };

  /** Two tables that every transaction keeps in agreement, and what else must come back. */
  const fillShops = () => {
    mysql("mysql", "DROP DATABASE IF EXISTS shop", "CREATE DATABASE shop");
    psql("postgres", "DROP DATABASE IF EXISTS shop (FORCE)", "CREATE DATABASE shop");
    for (const [ask, key] of [
      [mysql, "INT AUTO_INCREMENT PRIMARY KEY"],
      [psql, "SERIAL PRIMARY KEY"],
    ] as const) {
      for (const table of ["orders", "ledger"]) ask("shop", `CREATE TABLE ${table} (id ${key}, a INT)`);
      ask("shop", "CREATE TABLE filler (a TEXT)");
    }
    mysql("shop", "SET NAMES utf8mb4", "INSERT INTO filler SELECT 'größe' FROM seq_1_to_100");
    psql(
      "shop",
      "INSERT INTO filler SELECT 'größe' FROM generate_series(1, 100)",
      "GRANT SELECT ON orders TO clerk",
    );
  };

  /** Write in transactions until it is told to stop. */
  const startWriter = (container: string, ...command: readonly string[]): (() => Promise<void>) => {
    const child = spawn("docker", ["exec", "-i", container, ...command], {
      env: { ...engine.environment },
      stdio: ["pipe", "ignore", "ignore"],
    });
    const insert = (table: string) => `INSERT INTO ${table} (a) VALUES (7);`;
    let isOn = true;
    const feed = () => {
      while (
        isOn &&
        child.stdin.write(`BEGIN; ${insert("orders")} ${insert("ledger")} COMMIT;\n`.repeat(20))
      );
    };
    child.stdin.on("drain", feed).on("error", () => undefined);
    feed();
    return async () => {
      isOn = false;
      child.stdin.end();
      await new Promise<void>((resolve) => child.once("close", () => resolve()));
    };
  };

  test.each(runtimes)(
    "named by container or by compose service is in a set of %s at one point in time, and comes back after everything was dropped",
    async (runtime) => {
      await using sandbox = await createSandbox();
      fillShops();
      const stopWriters = [
        startWriter("shop-maria-1", "mariadb", "shop"),
        startWriter("shop-pg-1", "psql", "-X", "-q", "--username=shop_owner", "--dbname=shop"),
      ];
      const countOrders = () =>
        [mysql, psql].map((ask) => Number(ask("shop", "SELECT COUNT(*) FROM orders")));
      await waitFor(() => countOrders().every((count) => count > 50), { what: "the writers to write" });
      const [begun, go] = [sandbox.path("begun"), sandbox.path("go")];
      await sandbox.fake(
        "zstd",
        `#!/bin/sh\ncase "$*" in *--version*|*-d*) exec /usr/bin/zstd "$@";; esac\ntouch ${begun}\nwhile [ ! -e ${go} ]; do sleep 0.02; done\nexec /usr/bin/zstd "$@"\n`,
      );
      const urls = [
        `mysql://${login}/shop?container=shop-maria-1&name=maria`,
        `postgres://${login}/shop?compose=shop/pg&name=pg`,
      ];
      const job = await createJob(sandbox, {
        RUNTIME_DIR: sandbox.path("run"),
        APP_DIR: undefined,
        DATABASES_FILE: await sandbox.write("etc/databases", urls.join("\n"), 0o600),
      });
      const running = sandbox.start(runtime, "scripts/backup-run.ts", ["--config", job.config], {
        env: environmentOf(sandbox),
      });
      await waitFor(() => existsSync(begun), { what: "the dump to begin" });
      const shown = everyProcess();
      const least = countOrders();
      writeFileSync(go, "");
      const ended = await running.exited;
      expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(shown).toContain("--single-transaction");
      expect([password, encodeURIComponent(password)].filter((secret) => shown.includes(secret))).toEqual([]);
      const most = countOrders();
      for (const stop of stopWriters) await stop();
      // What was handed over is gone, here and there.
      expect(readdirSync(sandbox.path("run"))).toEqual([]);
      for (const service of ["maria", "pg"]) expect(inside(service, "ls", "/tmp")).not.toContain("tmp.");

      const [set = ""] = job.sets();
      mysql("mysql", "DROP DATABASE shop");
      psql("postgres", "DROP DATABASE shop (FORCE)", "DROP ROLE clerk");
      const names = ["database-maria", "globals-shop-pg", "database-pg"];
      expect(names.map((name) => restore(job, set, name))).toEqual([
        { begins: "docker exec -i shop-maria-1 mariadb", status: 0 },
        { begins: "docker compose -p shop exec -T pg psql", status: 0 },
        { begins: "docker compose -p shop exec -T pg pg_restore", status: 0 },
      ]);
      for (const [index, ask] of [mysql, psql].entries()) {
        const sum = (table: string) => ask("shop", `SELECT COUNT(*), SUM(a), MAX(id) FROM ${table}`);
        const orders = sum("orders");
        expect(sum("ledger")).toBe(orders);
        const count = Number.parseInt(orders, 10);
        // The dump of MariaDB has its snapshot when the compressor is held, that of PostgreSQL comes later.
        expect(count).toBeGreaterThan(index === 0 ? 50 : (least[1] ?? 0));
        expect(count).toBeLessThanOrEqual(most[index] ?? 0);
        expect(ask("shop", "SELECT COUNT(*) FROM filler WHERE a LIKE 'gr%e'")).toBe("100");
      }
      expect(psql("shop", "SELECT has_table_privilege('clerk', 'orders', 'SELECT')")).toBe("t");
    },
    120_000,
  );

  /** Run what the manifest says of a component, where the decompressed file lies. */
  const restore = (job: TestJob, set: string, name: string) => {
    const components = job.manifest(set)["components"] as readonly {
      readonly name: string;
      readonly file: string;
      readonly facts: { readonly restore: string };
    }[];
    const component = components.find((one) => one.name === name);
    if (component === undefined) throw new Error(`${set} has no ${name}`);
    execFileSync("zstd", ["-q", "-d", "-f", component.file], { cwd: set });
    const command = component.facts.restore;
    const { status, stderr } = spawnSync("sh", ["-c", command], {
      cwd: set,
      encoding: "utf8",
      env: { ...engine.environment },
    });
    if (status !== 0) throw new Error(`${command}: ${stderr}`);
    return { begins: /^.*?(?:mariadb|psql|pg_restore)(?= )/.exec(command)?.[0], status };
  };

  test.each([
    ["bun", "SIGKILL", "maria", "mysql", "mariadb-dump"],
    ["deno", "SIGTERM", "pg", "postgres", "pg_dump"],
  ] as const)(
    "whose run (%s) ends by %s in the middle of a dump has nobody dump it any more: %s",
    async (runtime, signal, service, scheme, program) => {
      await using sandbox = await createSandbox();
      const ask = service === "maria" ? mysql : psql;
      ask(service === "maria" ? "mysql" : "postgres", "CREATE DATABASE locked");
      ask("locked", "CREATE TABLE t (a INT)");
      // The dump waits for this lock until the engine ends, unless somebody ends it.
      const lock = {
        maria: ["mariadb", "--execute=LOCK TABLE t WRITE; SELECT SLEEP(1000)", "locked"],
        pg: [
          ...["psql", "--username=shop_owner", "--dbname=locked", "--command=BEGIN"],
          ...["--command=LOCK TABLE t", "--command=SELECT pg_sleep(1000)"],
        ],
      };
      engine.docker("exec", "--detach", `shop-${service}-1`, ...lock[service]);
      const job = await createJob(sandbox, {
        RUNTIME_DIR: sandbox.path("run"),
        APP_DIR: undefined,
        DATABASES: `${scheme}://${login}/locked?compose=shop/${service}`,
      });
      const processes = () => inside(service, "ps", "-e", "-o", "args");
      await waitFor(() => /sleep/i.test(processes()), { what: "the lock" });
      const running = sandbox.start(runtime, "scripts/backup-run.ts", ["--config", job.config], {
        env: environmentOf(sandbox),
      });
      const isDumping = () => new RegExp(`^${program} `, "m").test(processes());
      await waitFor(isDumping, { what: "the dump to begin", timeoutMs: 30_000 });
      expect(inside(service, "ls", "/tmp")).toContain("tmp.");
      running.kill(signal);
      await running.exited;
      await waitFor(() => !isDumping(), { what: "the dump to end there", timeoutMs: 30_000 });
      await waitFor(() => !inside(service, "ls", "/tmp").includes("tmp."), { what: "the password to go" });
      await waitFor(() => !existsSync(job.journal), {
        what: "the guardian to finish what it left",
        timeoutMs: 30_000,
      });
    },
  );

  describe("cannot be dumped, in docker's or the server's words with a hint, when", () => {
    test.each([
      [
        "no container has that name",
        "mysql:///shop?container=nobody",
        "No such container: nobody",
        "container",
      ],
      [
        "the project has no such service",
        "postgres:///shop?compose=shop/nobody",
        "0 are running",
        "is it up?",
      ],
      [
        "another container is meant",
        "mysql:///shop?container=shop-busy-1",
        "it is not in the container",
        "the container of the database",
      ],
      [
        "another one is meant for PostgreSQL",
        "postgres:///shop?container=shop-busy-1",
        "psql",
        "the container of the database",
      ],
      [
        "the password is wrong",
        "mysql://reader:wrong@/shop?container=shop-maria-1",
        "Access denied for user 'reader'",
        "password",
      ],
      [
        "the database is unknown",
        "postgres:///nobody?compose=shop/pg",
        'database "nobody" does not exist',
        "",
      ],
    ])("%s", async (_what, url, words, hint) => {
      await using sandbox = await createSandbox();
      const error = await refusal(sandbox, url);
      expect(error.outcome).toBe("failed");
      expect(error.message).toContain(words);
      expect(error.hint ?? "").toContain(hint);
    });

    test("two containers of the service run", async () => {
      await using sandbox = await createSandbox();
      const error = await refusal(sandbox, "mysql:///shop?compose=shop/busy");
      expect(error.message).toContain("2 are running");
      expect(error.hint).toContain("?container=NAME");
    });

    test("the engine is down", async () => {
      await using sandbox = await createSandbox();
      const [source] = sourcesOf("mysql:///shop?compose=shop/maria");
      const env = { ...environmentOf(sandbox), DOCKER_HOST: `unix://${sandbox.path("nobody.sock")}` };
      const opened = openSource(sandbox, source as Source, { env });
      await expect(opened).rejects.toMatchObject({
        message: expect.stringContaining("Cannot connect to the Docker daemon"),
        hint: expect.stringContaining("engine"),
      });
    });
  });

  describe.skipIf(!hasNewerPostgres)("that is newer than the programs of this machine", () => {
    test("is dumped by its own in its container", async () => {
      await using sandbox = await createSandbox();
      for (const source of sourcesOf("postgres:///postgres?container=shop-newer-1")) {
        await using dump = await openSource(sandbox, source, { env: environmentOf(sandbox) });
        await dump.writeWhole();
        expect(dump.open.facts?.["dumpedBy"]).toContain("(PostgreSQL) 17.");
      }
    });

    test("is refused by theirs, in their words with a hint, and leaves nothing usable", async () => {
      await using sandbox = await createSandbox();
      const isReady = () => {
        const ask = ["--host", sockets, "--username=postgres", "--dbname=postgres", "--command=SELECT 1"];
        return spawnSync("psql", ask, { stdio: "ignore" }).status === 0;
      };
      await waitFor(isReady, { what: "the newer server" });
      const [source] = sourcesOf(`postgres://postgres@/postgres?socket=${sockets}`);
      await using dump = await openSource(sandbox, source as Source);
      const written = await dump.write();
      expect(written).toMatchObject({
        isUsable: false,
        status: {
          outcome: "failed",
          problems: [
            expect.stringMatching(
              /^aborting because of server version mismatch; server version: 17\.\d+.*; pg_dump version: 15\./,
            ),
          ],
          hint: expect.stringContaining("postgresql-client-VERSION"),
        },
      });
    });
  });
});

/** Arguments and environment of every process of the machine but this one. */
function everyProcess(): string {
  const read = (path: string) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return ""; // It has ended.
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => `${read(`/proc/${pid}/cmdline`)}\n${read(`/proc/${pid}/environ`)}`)
    .join("\n");
}
