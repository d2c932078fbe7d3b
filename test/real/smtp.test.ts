/** E-mail to a real SMTP server: what it gets, and what is never sent to it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecret } from "#lib/core/secret.ts";
import { createEmailChannel, type EmailSettings } from "#lib/notify/email.ts";
import { type Certificate, createCertificate } from "#test/support/certificate.ts";
import { recordExec, recordHttp, unlimited } from "#test/support/recorder.ts";
import { createTestMessage } from "#test/support/report.ts";
import { type SmtpServerOptions, startSmtpServer } from "#test/support/smtp-server.ts";

const message = createTestMessage({ job: "größe 😀", problems: ["x".repeat(5000), ".", "größer"] });
const account = { user: "backup", password: "pässwörd" };
const login = { SMTP_USER: account.user, SMTP_PASSWORD: createSecret(account.password) };

let directory: string;
let certificate: Certificate;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "lastgood-smtp-"));
  certificate = createCertificate(directory);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Send one message to a server of these options. */
async function send(options: SmtpServerOptions, settings: Partial<EmailSettings>, attempt = unlimited) {
  const server = await startSmtpServer({ certificate, ...options });
  try {
    const channel = createEmailChannel(
      {
        EMAIL_TO: ["admin@example.org", "Größe <oncall@example.org>"],
        EMAIL_FROM: "lastgood@web1.example.org",
        EMAIL_SUBJECT_PREFIX: "[Größe]",
        EMAIL_NOTIFY_ON: undefined,
        EMAIL_METHOD: "smtp",
        SENDMAIL: "/usr/sbin/sendmail",
        SMTP_HOST: "127.0.0.1",
        SMTP_PORT: server.port,
        SMTP_SECURITY: "none",
        SMTP_USER: undefined,
        SMTP_PASSWORD: undefined,
        SMTP_CA_FILE: certificate.caFile,
        ...settings,
      },
      "always",
      { exec: recordExec().exec, http: recordHttp().http },
    );
    const result = await channel?.send(message, attempt);
    return { result, messages: server.messages };
  } finally {
    await server.close();
  }
}

describe("an e-mail by SMTP", () => {
  test.each([
    ["none", false],
    ["starttls", true],
    ["tls", true],
  ] as const)("arrives whole with SMTP_SECURITY=%s", async (security, isSecure) => {
    const { result, messages } = await send({ security, account }, { ...login, SMTP_SECURITY: security });
    expect(result).toEqual({ ok: true });
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({
      from: "lastgood@web1.example.org",
      to: ["admin@example.org", "oncall@example.org"],
      subject: "[Größe] [FAILED] backup-run größe 😀 on web1",
      text: message.body,
      user: account.user,
      isSecure,
    });
    expect(messages[0]?.headers).toMatchObject({
      "message-id": "<id-1@web1>",
      "auto-submitted": "auto-generated",
      date: "Sat, 21 Nov 2026 02:05:13 +0000",
    });
  });

  test("never falls back to plain text when STARTTLS is demanded and not offered", async () => {
    const { result, messages } = await send({ security: "none" }, { SMTP_SECURITY: "starttls" });
    expect(result).toMatchObject({ ok: false, isTemporary: false });
    expect(messages).toEqual([]);
  });

  test.each(["starttls", "tls"] as const)("never trusts an unknown certificate with %s", async (security) => {
    const { result, messages } = await send(
      { security },
      { SMTP_SECURITY: security, SMTP_CA_FILE: undefined },
    );
    expect(result).toMatchObject({ ok: false, error: expect.stringMatching(/self.signed certificate/) });
    expect(messages).toEqual([]);
  });

  test("does not care for the certificate of a server that offers TLS when none is asked for", async () => {
    const { result, messages } = await send({ security: "offered" }, { SMTP_CA_FILE: undefined });
    expect(result).toEqual({ ok: true });
    expect(messages[0]?.isSecure).toBe(false);
  });

  test("says that the certificates cannot be read", async () => {
    const { result } = await send(
      { security: "tls" },
      { SMTP_SECURITY: "tls", SMTP_CA_FILE: join(directory, "none.pem") },
    );
    expect(result).toMatchObject({ ok: false, error: expect.stringContaining("none.pem") });
  });

  test("does not try a wrong password twice, nor show it", async () => {
    const { result } = await send({ account }, { ...login, SMTP_PASSWORD: createSecret("wr0ng") });
    expect(result).toMatchObject({ ok: false, isTemporary: false, error: expect.stringContaining("535") });
    expect(JSON.stringify(result)).not.toContain("wr0ng");
  });

  test.each([
    [451, true],
    [421, true],
    [550, false],
    [552, false],
  ])("takes %d as a failure that may pass: %p", async (code, isTemporary) => {
    const { result } = await send({ refuse: () => code }, {});
    expect(result).toMatchObject({ ok: false, isTemporary, error: expect.stringContaining(String(code)) });
  });

  test("stops when the attempt does, whatever the server is waiting for", async () => {
    const signal = AbortSignal.timeout(200);
    const startedAt = performance.now();
    const { result } = await send({ refuse: () => "never" }, {}, { ...unlimited, signal });
    expect(result).toMatchObject({ ok: false, isTemporary: true });
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  test("takes a refusal of all recipients as a failure", async () => {
    const { result } = await send({ refuseRecipient: () => 450 }, {});
    expect(result).toMatchObject({ ok: false, isTemporary: true });
  });

  test("names the recipient that was refused while another got the message", async () => {
    const refuseRecipient = (address: string) => (address.startsWith("oncall") ? 550 : undefined);
    const { result, messages } = await send({ refuseRecipient }, {});
    expect(result).toMatchObject({ ok: true, warning: expect.stringMatching(/^not taken: oncall@.*550/) });
    expect(messages[0]?.to).toEqual(["admin@example.org"]);
  });
});
