/** Databases in containers, reached with a password, come back: into a new database, and in the place of the one in use. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { mariadbService, postgresService, startDatabases } from "#test/support/database-containers.ts";
import { type DockerEngine, hasDocker, startDockerEngine } from "#test/support/docker-engine.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { hasMariadb } from "#test/support/mariadb-server.ts";
import { hasPostgres } from "#test/support/postgres-server.ts";
import { createSandbox, runtimes, type Sandbox } from "#test/support/sandbox.ts";

const password = String.raw`p"w\ 'it' #;%41`;
const login = `keeper:${encodeURIComponent(password)}@`;

describe.skipIf(!(hasDocker && hasMariadb && hasPostgres))("restore of databases in containers", () => {
  let engine: DockerEngine;
  let sandbox: Sandbox;
  let job: TestJob;

  const inside = (service: string, ...command: readonly string[]) =>
    engine.docker("exec", `shop-${service}-1`, ...command).trim();
  const mysql = (database: string, sql: string) =>
    inside("maria", "mariadb", "--batch", "--skip-column-names", `--execute=${sql}`, database);
  const psql = (database: string, sql: string) =>
    inside("pg", "psql", "-XqAt", "--username=shop_owner", `--dbname=${database}`, `--command=${sql}`);

  beforeAll(async () => {
    engine = await startDockerEngine();
    sandbox = await createSandbox();
    await startDatabases(engine, "shop", {
      maria: mariadbService,
      pg: postgresService({ user: "shop_owner" }),
    });
    const quoted = password.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
    mysql(
      "mysql",
      `CREATE USER keeper IDENTIFIED BY '${quoted}'; GRANT ALL ON *.* TO keeper; CREATE DATABASE kept`,
    );
    mysql(
      "kept",
      "CREATE TABLE t (x INT); INSERT INTO t VALUES (42); CREATE TRIGGER loud BEFORE INSERT ON t FOR EACH ROW SET NEW.x = 1",
    );
    psql("postgres", `CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '${password.replaceAll("'", "''")}'`);
    psql("postgres", "CREATE DATABASE kept OWNER keeper");
    psql("kept", "CREATE TABLE t AS SELECT 42 AS x");
    job = await createJob(sandbox, {
      APP_DIR: undefined,
      RUNTIME_DIR: sandbox.path("run"),
      DATABASES: [
        `mysql://${login}/kept?container=shop-maria-1&name=maria`,
        `postgres://${login}/kept?compose=shop/pg&name=pg`,
      ].join("\n"),
    });
    expect(await run("bun", "scripts/backup-run.ts", "-c", job.config)).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
  }, 120_000);
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  }, 60_000);

  const run = (runtime: (typeof runtimes)[number], script: string, ...args: readonly string[]) =>
    sandbox.run(runtime, script, args, {
      env: { ...engine.environment, HOME: engine.environment["HOME"] ?? "" },
    });

  test.each(runtimes)(
    "on %s: first beside, then in place; no password is left anywhere",
    async (runtime) => {
      const restore = (...args: readonly string[]) =>
        run(runtime, "scripts/restore.ts", "restore", "latest", "-c", job.config, ...args);
      const to = sandbox.path(`beside-${runtime}`);
      const name = `beside_${runtime}`;
      for (const component of ["database-maria", "database-pg"]) {
        const beside = await restore("--component", component, "--database", name, "--to", to);
        expect(beside).toMatchObject({ exitCode: 0, stderr: "" });
      }
      const select = "SELECT x FROM t";
      expect([mysql(name, select), psql(name, select)]).toEqual(["42", "42"]);
      mysql("kept", "DELETE FROM t");
      psql("kept", "DELETE FROM t");
      for (const component of ["database-maria", "database-pg"])
        expect(await restore("--component", component, "--in-place", "--yes")).toMatchObject({ exitCode: 0 });
      expect([mysql("kept", select), psql("kept", select)]).toEqual(["42", "42"]);
      expect(mysql("kept", "SHOW TRIGGERS")).toMatch(/^loud\t/);
      const ofMaria = mysql("mysql", "SHOW DATABASES LIKE 'kept\\_before%'");
      const ofPostgres = psql(
        "postgres",
        "SELECT datname FROM pg_database WHERE datname LIKE 'kept_before%'",
      );
      expect([mysql(ofMaria, "SELECT COUNT(*) FROM t"), psql(ofPostgres, "SELECT count(*) FROM t")]).toEqual([
        "0",
        "0",
      ]);
      mysql("mysql", `DROP DATABASE ${ofMaria}`);
      psql("postgres", `DROP DATABASE "${ofPostgres}"`);
      expect(readdirSync(sandbox.path("run"))).toEqual([]);
      // Nothing of ours was left to its first process, which would take it for a crash.
      const log = spawnSync("docker", ["logs", "shop-pg-1"], { env: engine.environment, encoding: "utf8" });
      expect(log.stderr).toContain("ready to accept connections");
      expect(log.stderr).not.toContain("was terminated by signal");
      for (const service of ["maria", "pg"]) expect(inside(service, "ls", "/tmp")).not.toContain("tmp.");
    },
    120_000,
  );
});
