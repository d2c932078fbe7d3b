/** Hand one message to a mail server, by nodemailer. It is imported when first used: most runs send no mail. */
import { readFile } from "node:fs/promises";
import type { SendMailOptions } from "nodemailer";

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** "starttls" is demanded: a server without it gets nothing. */
  readonly security: "starttls" | "tls" | "none";
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Trusted in place of the system's authorities. */
  readonly caFile: string | undefined;
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
  readonly date: Date;
  /** Sent along as a file. */
  readonly attachment?:
    | { readonly name: string; readonly contentType: string; readonly text: string }
    | undefined;
}

export interface SmtpReceipt {
  /** What the server said of each recipient that it refused, while it took the message for others. */
  readonly refused: readonly string[];
}

/** nodemailer's form of a mail, the same for SMTP and for a sendmail program. */
function mailOptions({ attachment, ...mail }: Mail): SendMailOptions {
  const { name, contentType, text } = attachment ?? {};
  return {
    ...mail,
    ...(attachment === undefined ? {} : { attachments: [{ filename: name, contentType, content: text }] }),
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
): Promise<SmtpReceipt> {
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
    dnsTimeout: timeoutMs,
    // A server that does not close its side would keep our process from ending.
    socketCloseTimeout: 0,
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(server.user === undefined ? {} : { auth: { user: server.user, pass: server.password ?? "" } }),
  });
  try {
    const { rejectedErrors = [] } = await transport.sendMail({ ...mailOptions(mail), signal });
    return {
      refused: rejectedErrors.map((error) => `${error.recipient}: ${error.response ?? error.message}`),
    };
  } finally {
    transport.close();
  }
}

/** The message as text, for a program that reads it on its standard input. */
export async function composeMail(mail: Mail): Promise<string> {
  const { createTransport } = await import("nodemailer");
  const composer = createTransport({ streamTransport: true, buffer: true, newline: "unix" });
  const { message } = await composer.sendMail(mailOptions(mail));
  return message.toString();
}
