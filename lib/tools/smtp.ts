/** Hand one message to a mail server, by nodemailer. */
import { readFile } from "node:fs/promises";
import type { SendMailOptions } from "nodemailer";

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  readonly security: "starttls" | "tls" | "none";
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly caFile: string | undefined;
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
  readonly date: Date;
}

/** nodemailer's form of a mail, the same for SMTP and for a sendmail program. */
function mailOptions(mail: Mail): SendMailOptions {
  return {
    ...mail,
    to: [...mail.to],
    headers: { "Auto-Submitted": "auto-generated" },
    textEncoding: "quoted-printable",
  };
}

/** Resolves when the server has taken the message. Rejects with nodemailer's error (`responseCode` has SMTP's answer). */
export async function sendBySmtp(
  server: SmtpServer,
  mail: Mail,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { createTransport } = await import("nodemailer");
  const ca = server.caFile === undefined ? undefined : await readFile(server.caFile, "utf8");
  const transport = createTransport({
    host: server.host,
    port: server.port,
    secure: server.security === "tls",
    requireTLS: server.security === "starttls",
    ignoreTLS: server.security === "none",
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(server.user === undefined ? {} : { auth: { user: server.user, pass: server.password ?? "" } }),
  });
  const onAbort = () => transport.close();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([transport.sendMail(mailOptions(mail)), rejectOnAbort(signal)]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    transport.close();
  }
}

/** The message as text, for a program that reads it on its standard input. */
export async function composeMail(mail: Mail): Promise<string> {
  const { createTransport } = await import("nodemailer");
  const composer = createTransport({ streamTransport: true, buffer: true, newline: "unix" });
  const composed = await composer.sendMail(mailOptions(mail));
  return String(composed.message);
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
