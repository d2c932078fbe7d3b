/** Secrets are nowhere but where they must be: looked for in every process and every output while and after a run uses them. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answer, startHttpServer } from "#test/support/http-server.ts";
import { createJob } from "#test/support/job.ts";
import { hasMariadb, startMariadbServer } from "#test/support/mariadb-server.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";
import { startSmtpServer } from "#test/support/smtp-server.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/backup-run.ts";
const secrets = {
  database: "db-Pa55 \"w'rd\\#1",
  smtp: "smtp-Pa55w0rd#2",
  ntfy: "tk_ntfyPa55w0rd3",
  webhook: "hook-Pa55w0rd-4",
  path: "webhookPa55w0rd5",
};

/** Arguments and environment of every process but ours, and those of the test. */
function everyProcess(): string {
  const read = (path: string) => {
    try {
      return readFileSync(path, "latin1");
    } catch {
      // It ended while it was looked at.
      return "";
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => `${read(`/proc/${pid}/cmdline`)}\n${read(`/proc/${pid}/environ`)}`)
    .join("\n");
}

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

describe.skipIf(!hasMariadb)("A run that needs every kind of secret", () => {
  test.each(runtimes)(
    "shows none of them on %s, in no process, no output, no file and no message",
    async (runtime) => {
      await using sandbox = await createSandbox();
      await using database = await startMariadbServer();
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
      const [begun, go] = [sandbox.path("begun"), sandbox.path("go")];
      await sandbox.fake(
        "zstd",
        `#!/bin/sh\ncase "$*" in *--version*|*-d*) exec /usr/bin/zstd "$@";; esac\ntouch ${begun}\nwhile [ ! -e ${go} ]; do sleep 0.02; done\nexec /usr/bin/zstd "$@"\n`,
      );
      const url = `mysql://me:${encodeURIComponent(secrets.database)}@127.0.0.1:${database.port}/shop`;
      const job = await createJob(sandbox, {
        RUNTIME_DIR: sandbox.path("run"),
        DATABASES_FILE: await sandbox.write("etc/databases", `${url}\n`, 0o600),
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
      const running = sandbox.start(runtime, script, ["--config", job.config, "--json", "--verbose"]);
      await waitFor(() => existsSync(begun), { what: "the dump to begin" });
      const seen = everyProcess();
      writeFileSync(go, "");
      const ended = await running.exited;
      await smtp.close();
      await http.close();
      expect(seen).toContain("--single-transaction");
      expect(found(seen)).toEqual([]);

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
