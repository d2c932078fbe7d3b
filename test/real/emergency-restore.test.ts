/** README's commands for an emergency, run as they stand there: nothing of ours is on the machine that restores. */
import { expect, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isRoot } from "#test/support/capabilities.ts";
import { createJob } from "#test/support/job.ts";
import { hasMariadb, startMariadbServer } from "#test/support/mariadb-server.ts";
import { hasPostgres, startPostgresServer } from "#test/support/postgres-server.ts";
import { createSandbox, projectDirectory } from "#test/support/sandbox.ts";

/** The block of commands below README's heading. */
function readCommands(): string {
  const readme = readFileSync(join(projectDirectory, "README.md"), "utf8");
  const commands = /^## Restore in an emergency[\s\S]*?^```sh\n([\s\S]*?)^```/m.exec(readme)?.[1];
  if (commands === undefined) throw new Error("README has no commands for an emergency");
  return commands;
}

test.skipIf(!(isRoot && hasMariadb && hasPostgres))(
  "README's commands bring back the application and every kind of database, by programs of the system alone",
  async () => {
    await using sandbox = await createSandbox();
    await using mariadb = await startMariadbServer();
    await using postgres = await startPostgresServer();
    const rows = 500;
    mariadb.sql("mysql", "CREATE DATABASE shop");
    mariadb.sql("shop", "CREATE TABLE t (a INT)", `INSERT INTO t SELECT seq FROM seq_1_to_${rows}`);
    postgres.sql("postgres", "CREATE ROLE clerk", "CREATE DATABASE crm");
    postgres.sql(
      "crm",
      `CREATE TABLE t AS SELECT n AS a FROM generate_series(1, ${rows}) n`,
      "ALTER TABLE t OWNER TO clerk",
    );
    const file = sandbox.path("app.db");
    execFileSync("sqlite3", [
      file,
      `CREATE TABLE t (a INT); INSERT INTO t SELECT value FROM generate_series(1, ${rows})`,
    ]);
    const urls = [
      `mysql://root@/shop?socket=${mariadb.socket}`,
      `postgres://postgres:${encodeURIComponent(postgres.password)}@localhost:${postgres.port}/crm`,
      `sqlite://${file}`,
    ];
    const job = await createJob(sandbox, {
      JOB: "shop",
      RUNTIME_DIR: sandbox.path("run"),
      SYSTEM_STATE: "true",
      SYSTEM_STATE_SKIP: "firewall",
      DATABASES_FILE: await sandbox.write("etc/databases", urls.join("\n"), 0o600),
    });
    const made = await sandbox.run("bun", "scripts/backup-run.ts", ["--config", job.config]);
    expect({ exitCode: made.exitCode, stderr: made.stderr }).toEqual({ exitCode: 0, stderr: "" });
    const [set = ""] = job.sets();
    const written = readdirSync(set);

    // A new server: the databases and the role are gone.
    mariadb.sql("mysql", "DROP DATABASE shop");
    postgres.sql("postgres", "DROP DATABASE crm", "DROP ROLE clerk");
    await sandbox.fake("mysql", `#!/bin/sh\nexec mariadb --no-defaults --socket='${mariadb.socket}' "$@"\n`);
    const login = Object.entries({ ...postgres.environment, PGDATABASE: "postgres" }).filter(([name]) =>
      name.startsWith("PG"),
    );
    await sandbox.fake(
      "sudo",
      `#!/bin/sh\n[ "$1 $2" = "-u postgres" ] || exit 64\nshift 2\n${login.map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`).join("")}exec "$@"\n`,
    );
    const places: readonly (readonly [string, string])[] = [
      ["/var/backups/app/web1/shop", dirname(set)],
      ["20261121T030000Z", basename(set)],
      ["/srv/restored", sandbox.path("restored")],
      ["globals-localhost.sql.zst", written.find((name) => name.startsWith("globals-")) ?? ""],
    ];
    const commands = places.reduce((text, [named, here]) => {
      expect(text).toContain(named);
      return text.replaceAll(named, here);
    }, readCommands());
    const ended = spawnSync("bash", ["-euxo", "pipefail", "-c", commands], {
      encoding: "utf8",
      env: { ...sandbox.environment },
    });
    expect({ status: ended.status, stderr: ended.status === 0 ? "" : ended.stderr }).toEqual({
      status: 0,
      stderr: "",
    });

    expect(ended.stdout).toContain("application.tar.zst: OK");
    expect(ended.stdout).toContain('"crontabs"');
    execFileSync("diff", ["-r", job.app, sandbox.path("restored")]);
    const sum = "SELECT COUNT(*), SUM(a) FROM t";
    const expected = [rows, (rows * (rows + 1)) / 2];
    const numbers = (text: string) => text.trim().split(/\W/).map(Number);
    expect(numbers(mariadb.sql("shop_restored", sum))).toEqual(expected);
    expect(numbers(postgres.sql("crm_restored", sum))).toEqual(expected);
    expect(postgres.sql("crm_restored", "SELECT tableowner FROM pg_tables WHERE tablename = 't'")).toBe(
      "clerk",
    );
    expect(numbers(execFileSync("sqlite3", [join(set, "app.db"), sum], { encoding: "utf8" }))).toEqual(
      expected,
    );
  },
  60_000,
);
