/** Secrets are nowhere but where they must be: looked for in every process and every output while and after a run uses them. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { answer, startHttpServer } from "#test/support/http-server.ts";
import { createJob } from "#test/support/job.ts";
import { hasMariadb, startMariadbServer } from "#test/support/mariadb-server.ts";
import { hasPostgres, startPostgresServer } from "#test/support/postgres-server.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";
import { startSmtpServer } from "#test/support/smtp-server.ts";

const script = "scripts/backup-run.ts";
const secrets = {
  database: "db-Pa55 \"w'rd\\#1",
  postgres: "pg-Pa55 \"w'rd:\\#6",
  smtp: "smtp-Pa55w0rd#2",
  ntfy: "tk_ntfyPa55w0rd3",
  webhook: "hook-Pa55w0rd-4",
  path: "webhookPa55w0rd5",
};

/** Every file below a directory as text. */
function everyFile(directory: string): string {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
    .map((path) => `${path}\n${readFileSync(path, "latin1")}`)
    .join("\n");
}

function found(text: string): string[] {
  return Object.values(secrets).filter(
    (secret) => text.includes(secret) || text.includes(encodeURIComponent(secret)),
  );
}

describe.skipIf(!(hasMariadb && hasPostgres))("A run that needs every kind of secret", () => {
  test.each(runtimes)(
    "shows none of them on %s, in no process, no output, no file and no message",
    async (runtime) => {
      await using sandbox = await createSandbox();
      await using database = await startMariadbServer();
      await using postgres = await startPostgresServer();
      postgres.sql(
        "postgres",
        `CREATE ROLE me SUPERUSER LOGIN PASSWORD '${secrets.postgres.replaceAll("'", "''")}'`,
        "CREATE TABLE t AS SELECT repeat('x', 100) AS a FROM generate_series(1, 1000)",
      );
      const quoted = secrets.database.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
      database.sql(
        "mysql",
        "CREATE DATABASE shop",
        `CREATE USER me IDENTIFIED BY '${quoted}'`,
        "GRANT ALL ON *.* TO me",
      );
      database.sql(
        "shop",
        "CREATE TABLE t (a TEXT)",
        "INSERT INTO t SELECT REPEAT('x', 100) FROM seq_1_to_1000",
      );
      const smtp = await startSmtpServer({ account: { user: "me", password: secrets.smtp } });
      const http = await startHttpServer(answer(500));
      const seen = sandbox.path("seen");
      // Every archive is held up while the arguments and environments of all processes are looked at, a few times.
      await sandbox.fake(
        "zstd",
        `#!/bin/sh\ncase "$*" in *--version*|*-d*) exec /usr/bin/zstd "$@";; esac
for turn in 1 2 3 4 5; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ >>${seen} 2>/dev/null; sleep 0.05; done\nexec /usr/bin/zstd "$@"\n`,
      );
      const urls = [
        `mysql://me:${encodeURIComponent(secrets.database)}@127.0.0.1:${database.port}/shop`,
        `postgres://me:${encodeURIComponent(secrets.postgres)}@127.0.0.1:${postgres.port}/postgres`,
      ];
      const job = await createJob(sandbox, {
        RUNTIME_DIR: sandbox.path("run"),
        DATABASES_FILE: await sandbox.write("etc/databases", urls.join("\n"), 0o600),
        NOTIFY_ON: "always",
        EMAIL_TO: "admin@example.org",
        SMTP_HOST: "127.0.0.1",
        SMTP_PORT: String(smtp.port),
        SMTP_SECURITY: "none",
        SMTP_USER: "me",
        SMTP_PASSWORD_COMMAND: `cat '${await sandbox.write("etc/smtp", secrets.smtp, 0o600)}'`,
        NTFY_URL: http.url,
        NTFY_TOPIC: "backups",
        NTFY_TOKEN: secrets.ntfy,
        WEBHOOK_URL: `${http.url}/hooks/${secrets.path}`,
        WEBHOOK_SECRET: secrets.webhook,
      });
      const ended = await sandbox.run(runtime, script, ["--config", job.config, "--json", "--verbose"]);
      await smtp.close();
      await http.close();
      const processes = readFileSync(seen, "latin1");
      for (const option of ["--single-transaction", "--format=custom", "--globals-only", "--create"])
        expect(processes).toContain(option);
      expect(found(processes)).toEqual([]);

      expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toMatchObject({ exitCode: 0 });
      expect(found(ended.stdout + ended.stderr)).toEqual([]);
      // The sets hold what was backed up, the state what could not be delivered yet.
      const outbox = everyFile(sandbox.path("state"));
      expect(outbox).toContain('"channel":"webhook"');
      expect(found(outbox)).toEqual([]);
      for (const name of ["manifest.json", "SHA256SUMS"])
        expect(found(readFileSync(join(job.sets()[0] ?? "", name), "utf8"))).toEqual([]);
      expect(found(readFileSync(job.logFile, "utf8"))).toEqual([]);
      expect(smtp.messages).toHaveLength(1);
      expect(found(JSON.stringify(smtp.messages))).toEqual([]);
      expect(readdirSync(sandbox.path("run"))).toEqual([]);
    },
    60_000,
  );
});
