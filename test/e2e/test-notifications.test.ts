/** `--test-notifications`: one message by every channel, and the truth about each. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { answer, startHttpServer } from "#test/support/http-server.ts";
import { createJob } from "#test/support/job.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";
import { startSmtpServer } from "#test/support/smtp-server.ts";

const script = "scripts/backup-run.ts";

describe.each(runtimes)("--test-notifications on %s", (runtime) => {
  test("sends by every channel whatever NOTIFY_ON says, and makes nothing else: 0 when all have arrived", async () => {
    await using sandbox = await createSandbox();
    const smtp = await startSmtpServer();
    const http = await startHttpServer(answer(200));
    const job = await createJob(sandbox, {
      NOTIFY_ON: "failure",
      EMAIL_TO: "admin@example.org",
      SMTP_HOST: "127.0.0.1",
      SMTP_PORT: String(smtp.port),
      SMTP_SECURITY: "none",
      NTFY_URL: http.url,
      NTFY_TOPIC: "backups",
      WEBHOOK_URL: `${http.url}/hook`,
      HEALTHCHECKS_URL: `${http.url}/check`,
    });
    const ended = await sandbox.run(runtime, script, ["--config", job.config, "--test-notifications"]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout.split("\n").sort()).toEqual([
      "",
      ...["email", "healthchecks", "ntfy", "webhook"].map((name) => `${name}: ✓ accepted`),
    ]);
    expect(smtp.messages.map(({ subject }) => subject)).toEqual(["[TEST] backup-run app on web1"]);
    // A ping to the check itself would say that a backup has just been made.
    const paths = http.requests.map(({ path }) => path.replace(/\?.*/, ""));
    expect(paths.sort()).toEqual(["/", "/check/log", "/hook"]);
    expect([job.sets(), existsSync(job.logFile), existsSync(job.lockFile)]).toEqual([[], false, false]);
    await smtp.close();
    await http.close();
  });

  test("says of each channel whether it arrived: 2 when one did not", async () => {
    await using sandbox = await createSandbox();
    const http = await startHttpServer(answer(404, {}, "no such hook"));
    const sendmail = await sandbox.fake("sendmail", "#!/bin/sh\ncat >/dev/null\n");
    const job = await createJob(sandbox, {
      EMAIL_TO: "admin@example.org",
      SENDMAIL: sendmail,
      WEBHOOK_URL: `${http.url}/hook-5eec12e7`,
    });
    const ended = await sandbox.run(runtime, script, ["--config", job.config, "--test-notifications"]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stdout).toContain("email: ✓ accepted\n");
    expect(ended.stdout).toContain("webhook: ✗ HTTP 404 no such hook\n");
    expect(ended.stdout + ended.stderr).not.toContain("5eec12e7");
    await http.close();
  });

  test("says when there is no channel at all: 2", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const ended = await sandbox.run(runtime, script, ["--config", job.config, "--test-notifications"]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stdout).toContain("No channel is configured");
  });
});
