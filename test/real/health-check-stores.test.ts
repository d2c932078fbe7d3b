/** Stores that are not who they were: a WebDAV server with TLS and sshd, each told of by one finding, mailed once, and taken back. */
import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync } from "node:fs";
import type { CertificateOptions } from "#test/support/certificate.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { hasRclone } from "#test/support/rclone-server.ts";
import { createSandbox, type Runtime, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { startSmtpServer } from "#test/support/smtp-server.ts";
import { hasSshd, startSshServer } from "#test/support/ssh-server.ts";
import { createTlsWebdav } from "#test/support/tls-webdav.ts";

interface Finding {
  readonly name: string;
  readonly severity: string;
  readonly message: string;
}

type Environment = Readonly<Record<string, string>>;

/** Back up, which may be without the store, and tell what health-check says is wrong then: severities by name. */
async function checkAfterRun(runtime: Runtime, sandbox: Sandbox, { config }: TestJob, env: Environment = {}) {
  await sandbox.run(runtime, "scripts/backup-run.ts", ["--config", config], { env });
  const { stdout } = await sandbox.run(runtime, "scripts/health-check.ts", ["--config", config, "--json"], {
    env,
  });
  const findings: readonly Finding[] = JSON.parse(stdout).jobs[0].findings;
  const problems = findings.filter(({ severity }) => severity !== "ok");
  return {
    severities: Object.fromEntries(problems.map(({ name, severity }) => [name, severity])),
    messageOf: (name: string) => findings.find((finding) => finding.name === name)?.message,
  };
}

const nobodyElse = { EXPECT_SCHEDULE: "false", STALL_TIMEOUT: "1m" };
const refused = { "store nas": "critical", "last run": "warning", "uploads nas": "warning" };

const certificates: readonly (readonly [
  string,
  CertificateOptions & { readonly isStrange?: boolean },
  RegExp,
])[] = [
  ["has expired", { ageDays: 30, days: 20 }, /x509: certificate has expired/],
  ["is of another host", { days: 90, names: "DNS:nas.example.org" }, /x509: .*127\.0\.0\.1/],
  ["is signed by nobody who is known", { days: 90, isStrange: true }, /x509: .*unknown authority/],
];

describe.skipIf(!hasRclone).each(runtimes)("A store with TLS, on %s,", (runtime) => {
  test("whose certificate ends soon, has ended, or is another one is told of, and is in order once it shows a good one", async () => {
    await using sandbox = await createSandbox();
    await using server = await createTlsWebdav();
    const settings = { STORE_NAS_URL: "rclone:served:", STORE_NAS_RCLONE_CONFIG: server.configFile };
    const job = await createJob(sandbox, { ...nobodyElse, ...settings });
    const check = () => checkAfterRun(runtime, sandbox, job, { RCLONE_CA_CERT: server.caFile });
    await server.show({ days: 90 });
    const good = await check();
    expect(good.severities).toEqual({});
    expect(good.messageOf("certificate nas")).toMatch(/^The certificate of store nas ends on \d{4}-/);
    await server.show({ days: 5 });
    expect((await check()).severities).toEqual({ "certificate nas": "warning" });
    // What rclone says of them is the same on both.
    for (const [what, options, words] of certificates.slice(0, runtime === "bun" ? undefined : 1)) {
      await server.show(options);
      const { severities, messageOf } = await check();
      expect([what, severities]).toEqual([what, refused]);
      expect(messageOf("store nas")).toMatch(words);
    }
    await server.show({ days: 90 });
    expect((await check()).severities).toEqual({});
  });
});

test.skipIf(!hasSshd)(
  "A host key that has changed is mailed once, is no news at the next check, and its return is mailed",
  async () => {
    await using sandbox = await createSandbox();
    await using server = await startSshServer();
    const smtp = await startSmtpServer();
    try {
      const [base, hosts] = [sandbox.path("nas"), sandbox.path("known_hosts")];
      mkdirSync(base);
      const job = await createJob(sandbox, {
        ...nobodyElse,
        STORE_NAS_URL: `ssh://root@127.0.0.1:${server.port}${base}`,
        STORE_NAS_KEY_FILE: server.keyFile,
        STORE_NAS_KNOWN_HOSTS_FILE: hosts,
        EMAIL_TO: "admin@example.org",
        EMAIL_NOTIFY_ON: "failure",
        SMTP_HOST: "127.0.0.1",
        SMTP_PORT: String(smtp.port),
        SMTP_SECURITY: "none",
      });
      copyFileSync(server.knownHostsFile, hosts);
      expect((await checkAfterRun("bun", sandbox, job)).severities).toEqual({});
      copyFileSync(server.changedHostsFile, hosts);
      const changed = await checkAfterRun("bun", sandbox, job);
      expect(changed.severities).toEqual(refused);
      expect(changed.messageOf("store nas")).toContain("REMOTE HOST IDENTIFICATION HAS CHANGED");
      const cron = () => sandbox.run("bun", "scripts/health-check.ts", ["--config", job.config, "--quiet"]);
      await cron();
      expect(smtp.messages.map(({ subject }) => subject)).toEqual(["[CRITICAL] health-check app on web1"]);
      expect(smtp.messages[0]?.text).toContain("compare it with the store's own before it is trusted anew");
      await cron();
      copyFileSync(server.knownHostsFile, hosts);
      expect((await checkAfterRun("bun", sandbox, job)).severities).toEqual({});
      await cron();
      expect(smtp.messages.map(({ subject }) => subject)).toEqual([
        "[CRITICAL] health-check app on web1",
        "[RECOVERED] health-check app on web1",
      ]);
    } finally {
      await smtp.close();
    }
  },
);
