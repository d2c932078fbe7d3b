/** `--test-notifications`: one message by every channel, and the truth about each. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { channelOf, chatServices, chatSettings } from "#test/support/chat-services.ts";
import { answer, startHttpServer } from "#test/support/http-server.ts";
import { createJob } from "#test/support/job.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";
import { startSmtpServer } from "#test/support/smtp-server.ts";

const script = "scripts/backup-run.ts";
const channels = [
  "email",
  "ntfy",
  "pushover",
  "telegram",
  "matrix",
  "gotify",
  "webhook",
  "healthchecks",
  "uptime-kuma",
];

describe.each(runtimes)("--test-notifications on %s", (runtime) => {
  test("sends by every channel whatever NOTIFY_ON says, and makes nothing else: 0 when all have arrived", async () => {
    await using sandbox = await createSandbox();
    const smtp = await startSmtpServer();
    const http = await startHttpServer(chatServices);
    const job = await createJob(sandbox, {
      ...chatSettings(http.url),
      NOTIFY_ON: "failure",
      EMAIL_TO: "admin@example.org",
      SMTP_HOST: "127.0.0.1",
      SMTP_PORT: String(smtp.port),
      SMTP_SECURITY: "none",
      HEALTHCHECKS_URL: `${http.url}/check`,
    });
    const ended = await sandbox.run(runtime, script, ["--config", job.config, "--test-notifications"]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout).toBe(channels.map((name) => `${name}: ✓ accepted\n`).join(""));
    expect(smtp.messages.map(({ subject }) => subject)).toEqual(["[TEST] backup-run app on web1"]);
    const bodyOf = (channel: string) =>
      JSON.parse(http.requests.find((request) => channelOf(request) === channel)?.body ?? "{}");
    // As loud as a warning: no emergency for a test.
    expect(bodyOf("pushover")).toMatchObject({ title: "[TEST] backup-run app on web1", priority: 0 });
    expect([bodyOf("gotify").priority, bodyOf("telegram").disable_notification]).toEqual([5, false]);
    // A ping to the check itself would say that a backup has just been made.
    const paths = http.requests.map(({ path }) => path);
    expect(paths.filter((path) => path.startsWith("/check"))).toEqual([
      expect.stringMatching(/^\/check\/log\?/),
    ]);
    expect(paths.filter((path) => path.startsWith("/api/push/"))).toEqual([
      expect.stringContaining("status=down&msg=%5BTEST%5D"),
    ]);
    expect([job.sets(), existsSync(job.logFile), existsSync(job.lockFile)]).toEqual([[], false, false]);
    await smtp.close();
    await http.close();
  });

  test("prints one JSON value and nothing else with --json", async () => {
    await using sandbox = await createSandbox();
    const http = await startHttpServer(answer(404, {}, "no such hook"));
    const settings = { WEBHOOK_URL: `${http.url}/hook-5eec12e7` };
    const job = await createJob(sandbox, settings);
    const flags = ["--test-notifications", "--json", "--config"];
    const ended = await sandbox.run(runtime, script, [...flags, job.config]);
    expect(ended).toMatchObject({ exitCode: 2, stderr: "" });
    const error = "HTTP 404 no such hook; check WEBHOOK_URL and WEBHOOK_FORMAT";
    expect(JSON.parse(ended.stdout)).toEqual({
      schema: 1,
      outcome: "failed",
      exitCode: 2,
      deliveries: [{ channel: "webhook", outcome: "failed", attempts: 1, error }],
      problems: [],
    });
    const silent = await createJob(sandbox, {}, "silent");
    const nothing = await sandbox.run(runtime, script, [...flags, silent.config]);
    expect(nothing.exitCode).toBe(2);
    expect(JSON.parse(nothing.stdout)).toMatchObject({
      outcome: "failed",
      deliveries: [],
      problems: [expect.stringContaining("No channel is configured")],
    });
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
    expect(ended.stdout).toContain(
      "webhook: ✗ HTTP 404 no such hook; check WEBHOOK_URL and WEBHOOK_FORMAT\n",
    );
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
