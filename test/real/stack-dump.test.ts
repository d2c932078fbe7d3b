/** A database in a stack that is dumped while it runs, as the label of its service asks. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mariadbService, postgresService, startDatabases } from "#test/support/database-containers.ts";
import { type DockerEngine, hasDocker, image, startDockerEngine } from "#test/support/docker-engine.ts";
import { createJob } from "#test/support/job.ts";
import { hasMariadb } from "#test/support/mariadb-server.ts";
import { hasPostgres } from "#test/support/postgres-server.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";

describe.skipIf(!(hasDocker && hasMariadb && hasPostgres))("A stack whose label asks for a dump", () => {
  const password = "it's #1";
  let engine: DockerEngine;

  beforeAll(async () => {
    engine = await startDockerEngine();
    const data = join(engine.directory, "data");
    mkdirSync(data);
    await startDatabases(engine, "shop", {
      maria: {
        ...mariadbService,
        labels: { "lastgood.dump": "mariadb" },
        environment: { MARIADB_ROOT_PASSWORD: password },
        volumes: [`${data}:/files`],
      },
      pg: { ...postgresService({ user: "owner" }), labels: { "lastgood.dump": "postgres" } },
    });
    writeFileSync(join(data, "half-written"), "what nobody could start from\n");
    engine.docker(
      "exec",
      "shop-maria-1",
      "mariadb",
      '--execute=CREATE DATABASE orders; CREATE TABLE orders.one (id int); INSERT INTO orders.one VALUES (4711); ALTER USER root@localhost IDENTIFIED BY "it\'s #1"',
    );
    engine.docker(
      "exec",
      "shop-pg-1",
      "psql",
      "--username=owner",
      "--dbname=postgres",
      "--command=CREATE TABLE two AS SELECT 4712 AS id",
    );
    engine.up(
      "web",
      `services: {main: {image: "${image}", init: true, command: [sleep, infinity], labels: {lastgood.dump: oracle}}}`,
    );
  }, 120_000);
  afterAll(() => engine?.[Symbol.asyncDispose](), 60_000);

  test.each([...runtimes])(
    "has it in the set on %s, and the servers run on",
    async (runtime) => {
      await using sandbox = await createSandbox();
      const job = await createJob(sandbox, {
        APP_DIR: undefined,
        STACKS_DIR: engine.directory,
        STACKS_SKIP: "data",
      });
      const startedAt = () =>
        ["maria", "pg"].map((name) =>
          engine.docker("inspect", "--format={{.State.StartedAt}}", `shop-${name}-1`),
        );
      const before = startedAt();
      const ended = await sandbox.run(runtime, "scripts/backup-run.ts", ["--config", job.config], {
        env: engine.environment,
      });
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
      expect(startedAt()).toEqual(before);
      const [set = ""] = job.sets();
      const { components, notes } = job.manifest(set) as { components: { name: string }[]; notes: string[] };
      expect(new Set(components.map(({ name }) => name))).toEqual(
        new Set(["stack-shop", "stack-shop-maria", "stack-shop-pg", "stack-web"]),
      );
      const has = (file: string, text: string) =>
        spawnSync("sh", ["-c", 'zstd -dc "$0" | grep -qF "$1"', join(set, file), text]).status === 0;
      expect(has("stack-shop-maria.sql.zst", "(4711)")).toBe(true);
      expect(has("stack-shop-pg.sql.zst", "4712")).toBe(true);
      const members = execFileSync("tar", ["--zstd", "-tf", join(set, "stack-shop.tar.zst")], {
        encoding: "utf8",
      });
      expect(members).toContain("shop/compose.yaml");
      expect(members).not.toContain("half-written");
      expect(notes.join("\n")).toContain("lastgood.dump=oracle");
    },
    90_000,
  );
});
