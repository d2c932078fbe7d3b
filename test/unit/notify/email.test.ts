import { describe, expect, test } from "bun:test";
import type { Report } from "#lib/core/report.ts";
import { createEmailChannel, type EmailSettings } from "#lib/notify/email.ts";
import { parseAttachments } from "#test/support/mail-attachments.ts";
import { parseMail } from "#test/support/parse-mail.ts";
import { recordExec, recordHttp, unlimited } from "#test/support/recorder.ts";
import { createTestMessage } from "#test/support/report.ts";

const sendmail: EmailSettings = {
  EMAIL_TO: ["admin@example.org", "On Call <oncall@example.org>"],
  EMAIL_FROM: "Backups <lastgood@web1.example.org>",
  EMAIL_SUBJECT_PREFIX: "",
  EMAIL_NOTIFY_ON: undefined,
  EMAIL_METHOD: "sendmail",
  SENDMAIL: "/usr/sbin/sendmail",
  SMTP_HOST: undefined,
  SMTP_PORT: 25,
  SMTP_SECURITY: "none",
  SMTP_USER: undefined,
  SMTP_PASSWORD: undefined,
  SMTP_CA_FILE: undefined,
};

async function send(
  report: Partial<Report> = {},
  settings: Partial<EmailSettings> = {},
  answer: Parameters<typeof recordExec>[0] = {},
) {
  const { exec, calls } = recordExec(answer);
  const deps = { exec, http: recordHttp().http };
  const channel = createEmailChannel({ ...sendmail, ...settings }, "always", deps);
  const result = await channel?.send(createTestMessage(report), unlimited);
  const [call] = calls;
  return { result, call, mail: parseMail(call?.options.input ?? "") };
}

describe("createEmailChannel()", () => {
  test("is none without recipients", () => {
    const deps = { exec: recordExec().exec, http: recordHttp().http };
    expect(createEmailChannel({ ...sendmail, EMAIL_TO: [] }, "always", deps)).toBeUndefined();
  });

  test("hands the program bare addresses, which it cannot take for options", async () => {
    const { call, result } = await send();
    expect(result).toEqual({ ok: true });
    expect(call?.command).toEqual([
      ...["/usr/sbin/sendmail", "-i", "-f", "lastgood@web1.example.org", "--"],
      ...["admin@example.org", "oncall@example.org"],
    ]);
  });

  test("writes a message that says that a machine wrote it, and when", async () => {
    const { mail } = await send();
    expect(mail.headers).toMatchObject({
      from: "Backups <lastgood@web1.example.org>",
      to: "admin@example.org, On Call <oncall@example.org>",
      subject: "[FAILED] backup-run app on web1",
      "auto-submitted": "auto-generated",
      "message-id": "<id-1@web1>",
      date: "Sat, 21 Nov 2026 02:05:13 +0000",
    });
    expect(mail.text).toBe(createTestMessage().body);
  });

  test("brings a file along as it is, beside the text", async () => {
    const { exec, calls } = recordExec();
    const channel = createEmailChannel(sendmail, "always", { exec, http: recordHttp().http });
    const text = `<p>größer</p>\n.\n${"x".repeat(5000)}\n`;
    const attachment = { name: "page.html", contentType: "text/html; charset=utf-8", text };
    expect(await channel?.send({ ...createTestMessage(), attachment }, unlimited)).toEqual({ ok: true });
    const raw = calls[0]?.options.input ?? "";
    expect(parseAttachments(raw)).toEqual([{ type: "text/html", name: "page.html", text }]);
    expect(raw).toContain("Cannot write to");
    expect(Math.max(...raw.split("\n").map((line) => line.length))).toBeLessThan(1000);
  });

  test("puts the prefix first", async () => {
    const { mail } = await send({}, { EMAIL_SUBJECT_PREFIX: "[prod]" });
    expect(mail.subject).toBe("[prod] [FAILED] backup-run app on web1");
  });

  test("lets no name write a header of its own", async () => {
    const { call, mail } = await send({ job: "a\r\nBcc: x@y.z", host: "web1>\r\nBcc: x@y.z" });
    expect(call?.options.input).not.toMatch(/^bcc:/im);
    expect(mail.headers["message-id"]).toMatch(/^<id-1@[A-Za-z0-9.-]+>$/);
  });

  test("survives what mail would break: long lines, dots, umlauts, control characters", async () => {
    const problems = ["x".repeat(5000), ".", "größer 😀", "From here", "\u001b[31mred\u0000"];
    const { call, mail } = await send({ problems });
    expect(mail.text).toBe(createTestMessage({ problems }).body);
    expect(mail.headers["content-transfer-encoding"]).toBe("quoted-printable");
    const lengths = (call?.options.input ?? "").split("\n").map((line) => line.length);
    expect(Math.max(...lengths)).toBeLessThan(998);
  });

  test("cuts a huge report in the middle", async () => {
    const { mail } = await send({ logTail: ["y".repeat(1_000_000), "the reason"] });
    expect(Buffer.byteLength(mail.text)).toBeLessThanOrEqual(256 * 1024);
    expect(mail.text).toStartWith("Cannot write to");
    expect(mail.text).toContain("the reason");
  });

  test.each([
    [{ exitCode: 75, stderr: "try later\n" }, true, "/usr/sbin/sendmail: exit 75: try later"],
    [{ exitCode: 67, stderr: "nobody" }, false, "/usr/sbin/sendmail: exit 67: nobody"],
    [{ exitCode: 78 }, false, "/usr/sbin/sendmail: exit 78"],
    [{ exitCode: null, signal: "SIGKILL", timedOut: true }, true, "/usr/sbin/sendmail: exit SIGKILL"],
    [
      { exitCode: null, notFound: true },
      false,
      '"/usr/sbin/sendmail" cannot be run: install a mail program, or set SMTP_HOST',
    ],
  ])("takes the program's %j as a failure that may pass: %p", async (answer, isTemporary, error) => {
    expect((await send({}, {}, answer)).result).toEqual({ ok: false, isTemporary, error });
  });
});
