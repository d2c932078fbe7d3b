/** The page over all jobs, as a process: what is in it, what is not, where it goes. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createJob } from "#test/support/job.ts";
import { parseAttachments } from "#test/support/mail-attachments.ts";
import { type ParsedPage, parsePage } from "#test/support/parse-page.ts";
import { createSandbox, type Ended, type Runtime, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { startSmtpServer } from "#test/support/smtp-server.ts";
import { waitFor } from "#test/support/wait-for.ts";

const secret = "s3cr3t-Täken<&>";

const mailSettings = (port: number, to = "admin@example.org") => ({
  EMAIL_TO: to,
  EMAIL_FROM: "lastgood@web1.example.org",
  SMTP_HOST: "127.0.0.1",
  SMTP_PORT: String(port),
  SMTP_SECURITY: "none",
});

function readPage(path: string): ParsedPage {
  return parsePage(readFileSync(path, "utf8"));
}

/** In the user's own directory, where it is found without being named. */
async function createOwnJob(
  sandbox: Sandbox,
  name: string,
  settings: Readonly<Record<string, string | undefined>> = {},
): Promise<string> {
  const { config } = await createJob(sandbox, settings, name);
  return sandbox.write(`home/.config/lastgood/${name}.env`, readFileSync(config, "utf8"), 0o600);
}

async function backUp(sandbox: Sandbox, runtime: Runtime, config: string): Promise<void> {
  const { exitCode, stderr } = await sandbox.run(runtime, "scripts/backup-run.ts", ["--config", config]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
}

describe.each(runtimes)("report on %s", (runtime) => {
  const report = (sandbox: Sandbox, ...args: readonly string[]) =>
    sandbox.run(runtime, "scripts/report.ts", args);

  test("draws what runs have recorded, in silence", async () => {
    await using sandbox = await createSandbox();
    const { config } = await createJob(sandbox);
    await backUp(sandbox, runtime, config);
    expect((await sandbox.run(runtime, "scripts/restore.ts", ["drill", "--config", config])).exitCode).toBe(
      0,
    );
    await sandbox.run(runtime, "scripts/health-check.ts", ["--config", config]);
    const output = sandbox.path("page.html");
    const { exitCode, stdout, stderr } = await report(sandbox, "--config", config, "--output", output);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    const page = readPage(output);
    expect(page.elements("head title")).toEqual(["Backups of web1"]);
    expect(page.elements("h2")).toEqual(["app"]);
    expect(page.elements("figcaption")).toEqual([
      "Size in the set",
      "Duration of a backup",
      "Free space",
      "Duration of a drill",
    ]);
    expect(page.count("svg")).toBe(4);
    expect(page.requests).toEqual([]);
    expect(page.text).toContain("✓ complete");
    expect(page.text).toMatch(/application: \d/);
    expect(page.text).toContain(`${sandbox.path("backups")}: `);
    expect(page.elements("dd")[2]).toStartWith("good, ");
    expect(statSync(output).mode & 0o777).toBe(0o644);
  });

  test("shows a job that never ran, one whose configuration is invalid, and names as text", async () => {
    await using sandbox = await createSandbox();
    const { config } = await createJob(sandbox);
    const output = sandbox.path("page.html");
    expect((await report(sandbox, "--config", config, "--output", output)).exitCode).toBe(0);
    expect(readPage(output).text).toContain("No backup has run yet");
    expect(readPage(output).count("svg")).toBe(0);
    const hostile = "<script>alert(1)</script>";
    const bad = await sandbox.write("etc/bad.env", `JOB=bad\nKEEP_LAST="${hostile}"\n`, 0o600);
    expect((await report(sandbox, "--config", bad, "--output", output)).exitCode).toBe(0);
    expect(readPage(output).count("script")).toBe(0);
    expect(readPage(output).text).toContain("invalid configuration");
  });

  test("holds no secret, not even one that a record has kept", async () => {
    await using sandbox = await createSandbox();
    const { config } = await createJob(sandbox, { WEBHOOK_URL: `https://example.org/${secret}` });
    mkdirSync(sandbox.path("state/app"), { recursive: true });
    const at = "2026-11-20T03:00:00.000Z";
    const run = {
      schema: 1,
      runId: "1",
      script: "backup-run",
      outcome: "failed",
      startedAt: at,
      endedAt: at,
    };
    const line = { ...run, durationSeconds: 1, headline: `POST https://example.org/${secret}`, parts: [] };
    writeFileSync(sandbox.path("state/app/history.jsonl"), `${JSON.stringify(line)}\nnot a run\n`);
    const output = sandbox.path("page.html");
    expect((await report(sandbox, "--config", config, "--output", output)).exitCode).toBe(0);
    const page = readPage(output);
    expect(page.text).toContain("POST ***");
    expect(page.text).not.toContain("s3cr3t");
    expect(page.text).toContain("1 line of its history cannot be read");
  });

  test("is sent to each address with the jobs that report to it", async () => {
    await using sandbox = await createSandbox();
    const server = await startSmtpServer();
    try {
      const config = await createOwnJob(sandbox, "app", mailSettings(server.port));
      await createOwnJob(sandbox, "shop", mailSettings(server.port));
      await createOwnJob(sandbox, "other", mailSettings(server.port, "other@example.org"));
      await backUp(sandbox, runtime, config);
      const { exitCode, stderr } = await report(sandbox, "--mail");
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      const mails = new Map(
        server.messages
          .filter(({ subject }) => subject.includes("[REPORT]"))
          .map((mail) => [mail.to[0] ?? "", mail]),
      );
      expect(new Set(mails.keys())).toEqual(new Set(["admin@example.org", "other@example.org"]));
      const mail = mails.get("admin@example.org");
      expect(mail?.subject).toBe("[REPORT] Backups of web1: 2 jobs, 1 not complete");
      const [page] = attachedPages(mail?.raw ?? "");
      expect(new Set(page?.elements("h2"))).toEqual(new Set(["app", "shop"]));
      const [file] = parseAttachments(mail?.raw ?? "");
      expect(file?.name).toMatch(/^backups-web1-\d{4}-\d\d-\d\d\.html$/);
      expect(attachedPages(mails.get("other@example.org")?.raw ?? "")[0]?.elements("h2")).toEqual(["other"]);
    } finally {
      await server.close();
    }
  });

  test("waits in the outbox when no server takes it, and arrives with the next run", async () => {
    await using sandbox = await createSandbox();
    let isDown = true;
    const server = await startSmtpServer({ refuse: () => (isDown ? 550 : undefined) });
    try {
      const { config } = await createJob(sandbox, mailSettings(server.port));
      const { exitCode, stderr } = await report(sandbox, "--config", config, "--mail");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("Cannot mail the page");
      expect(readdirSync(sandbox.path("state/app/outbox"))).toHaveLength(1);
      isDown = false;
      await backUp(sandbox, runtime, config);
      const late = server.messages.filter(({ subject }) => subject.includes("[REPORT]"));
      expect(late.map(({ raw }) => attachedPages(raw).map((page) => page.elements("h2")))).toEqual([
        [["app"]],
      ]);
    } finally {
      await server.close();
    }
  });

  test("stops at a signal, whatever a mail server does, and keeps the mail", async () => {
    await using sandbox = await createSandbox();
    const asked = Promise.withResolvers<void>();
    const server = await startSmtpServer({
      refuse: () => {
        asked.resolve();
        return "never";
      },
    });
    try {
      const settings = { ...mailSettings(server.port), NOTIFY_TIMEOUT: "10m" };
      const { config } = await createJob(sandbox, settings);
      const running = sandbox.start(runtime, "scripts/report.ts", ["--config", config, "--mail"]);
      await asked.promise;
      running.kill("SIGTERM");
      let ended: Ended | undefined;
      void running.exited.then((one) => {
        ended = one;
      });
      // An attempt alone would take twenty seconds.
      const { exitCode } = await waitFor(() => ended, { what: "its end", timeoutMs: 12_000 });
      expect(exitCode).toBe(143);
      expect(readdirSync(sandbox.path("state/app/outbox"))).toHaveLength(1);
    } finally {
      await server.close();
    }
  });

  test("says what it cannot do, and does the rest", async () => {
    await using sandbox = await createSandbox();
    const { config } = await createJob(sandbox);
    const usage = await report(sandbox, "--config", config);
    expect([usage.exitCode, usage.stderr]).toEqual([64, expect.stringContaining("--output FILE")]);
    const nobody = await report(sandbox, "--config", config, "--mail");
    expect([nobody.exitCode, nobody.stderr]).toEqual([78, expect.stringContaining("EMAIL_TO")]);
    const nowhere = sandbox.path("missing/page.html");
    const unwritten = await report(sandbox, "--config", config, "--output", nowhere);
    expect([unwritten.exitCode, unwritten.stderr]).toEqual([2, expect.stringContaining(nowhere)]);
    const neither = await report(sandbox, "--config", config, "--output", nowhere, "--mail");
    expect(neither.exitCode).toBe(2);
    expect([neither.stderr.includes(nowhere), neither.stderr.includes("EMAIL_TO")]).toEqual([true, true]);
    mkdirSync(sandbox.path("pages/taken"), { recursive: true });
    const taken = await report(sandbox, "--config", config, "--output", sandbox.path("pages/taken"));
    expect(taken.exitCode).toBe(2);
    expect(readdirSync(sandbox.path("pages"))).toEqual(["taken"]);
    const help = await report(sandbox, "--help");
    expect([help.exitCode, help.stdout]).toEqual([0, expect.stringContaining("--mail")]);
  });
});

function attachedPages(raw: string): readonly ParsedPage[] {
  return parseAttachments(raw).map(({ text }) => parsePage(text));
}
