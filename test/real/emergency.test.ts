/** README's "Restore in an emergency, without this tool": every line of it, as it is written, on sets of ours. */
import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isSystemAdmin } from "#test/support/capabilities.ts";
import { compareTrees, describeTree } from "#test/support/compare-trees.ts";
import { createJob } from "#test/support/job.ts";
import { hasMariadb, startMariadbServer } from "#test/support/mariadb-server.ts";
import { hasPostgres, startPostgresServer } from "#test/support/postgres-server.ts";
import { createSandbox, projectDirectory } from "#test/support/sandbox.ts";

/** The paths of README are those of a machine: here they are those of a mount namespace that nobody else sees. */
const stage = (out: string, maria: string, postgres: string, port: number) => `
mount --make-rprivate /
for d in /var/backups /srv /run; do mount -t tmpfs tmpfs "$d"; done
mkdir -p /var/backups/app/web1/shop /run/mysqld /run/postgresql
cp -a '${out}/set' /var/backups/app/web1/shop/20261121T030000Z
ln -s '${maria}' /run/mysqld/mysqld.sock
ln -s '${postgres}/.s.PGSQL.${port}' /run/postgresql/.s.PGSQL.5432
`;

describe.skipIf(!isSystemAdmin || !hasMariadb || !hasPostgres)("README's emergency", () => {
  test("brings back an application, databases and the system's state by tar, zstd and the servers' programs alone", async () => {
    const readme = readFileSync(join(projectDirectory, "README.md"), "utf8");
    const [, block = ""] = /## Restore in an emergency[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme) ?? [];
    expect(block).toContain("sha256sum -c SHA256SUMS");
    await using sandbox = await createSandbox();
    await using maria = await startMariadbServer();
    await using postgres = await startPostgresServer();
    maria.sql("mysql", "CREATE DATABASE shop");
    maria.sql("shop", "CREATE TABLE orders (id INT)", "INSERT INTO orders VALUES (1), (2), (3)");
    postgres.sql("postgres", "CREATE ROLE clerk", "CREATE DATABASE crm");
    postgres.sql(
      "crm",
      "CREATE TABLE people (name text)",
      "INSERT INTO people VALUES ('größe')",
      "ALTER TABLE people OWNER TO clerk",
    );
    execFileSync("sqlite3", [sandbox.path("app.db"), "CREATE TABLE t (x); INSERT INTO t VALUES (42)"]);
    const job = await createJob(sandbox, {
      JOB: "shop",
      SYSTEM_STATE: "true",
      DATABASES: [
        `mysql://root@/shop?socket=${maria.socket}`,
        `postgres://postgres:${encodeURIComponent(postgres.password)}@localhost/crm`,
        `sqlite://${sandbox.path("app.db")}`,
      ].join("\n"),
    });
    const env = { PGPORT: String(postgres.port) };
    const backup = await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config], { env });
    expect([0, 1]).toContain(backup.exitCode ?? -1);
    const out = sandbox.path("out");
    mkdirSync(out);
    cpSync(job.sets()[0] ?? "no set", join(out, "set"), { recursive: true, preserveTimestamps: true });
    // A new server: what was backed up is gone.
    maria.sql("mysql", "DROP DATABASE shop");
    postgres.sql("postgres", "DROP DATABASE crm", "DROP ROLE clerk");
    // sudo does nothing here but become that user.
    await sandbox.fake(
      "sudo",
      '#!/bin/sh\nu=$2; shift 2; exec setpriv --reuid="$u" --regid="$u" --init-groups "$@"\n',
    );
    const program = [
      "set -euo pipefail",
      stage(out, maria.socket, postgres.socket, postgres.port),
      block,
      `cp -a /srv/restored app.db '${out}'`,
    ].join("\n");
    execFileSync("unshare", ["--mount", "bash", "--norc", "-c", program], {
      env: { ...sandbox.environment, LC_ALL: "C.UTF-8" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    expect(compareTrees(describeTree(job.app), describeTree(join(out, "restored")))).toEqual([]);
    expect(maria.sql("shop_restored", "SELECT COUNT(*) FROM orders")).toBe("3");
    expect(
      postgres.sql(
        "crm_restored",
        "SELECT name, tableowner FROM people, pg_tables WHERE tablename = 'people'",
      ),
    ).toBe("größe|clerk");
    expect(execFileSync("sqlite3", [join(out, "app.db"), "SELECT x FROM t"]).toString()).toBe("42\n");
  }, 120_000);
});
