import { fitText } from "#lib/core/fit-text.ts";
import type { Message } from "#lib/core/message.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { Secret } from "#lib/core/secret.ts";
import type { Attempt, Channel, ChannelDeps, NotifyOn, SendResult } from "#lib/notify/channel.ts";
import { composeMail, type Mail, sendBySmtp } from "#lib/tools/smtp.ts";

export interface EmailSettings {
  readonly EMAIL_TO: readonly string[];
  readonly EMAIL_FROM: string;
  readonly EMAIL_SUBJECT_PREFIX: string;
  readonly EMAIL_NOTIFY_ON: NotifyOn | undefined;
  readonly EMAIL_METHOD: "smtp" | "sendmail";
  readonly SENDMAIL: string;
  readonly SMTP_HOST: string | undefined;
  readonly SMTP_PORT: number;
  readonly SMTP_SECURITY: "starttls" | "tls" | "none";
  readonly SMTP_USER: string | undefined;
  readonly SMTP_PASSWORD: Secret | undefined;
  readonly SMTP_CA_FILE: string | undefined;
}

const bodyBytes = 256 * 1024;

export function createEmailChannel(
  settings: EmailSettings,
  notifyOn: NotifyOn,
  deps: ChannelDeps,
): Channel | undefined {
  if (settings.EMAIL_TO.length === 0) return undefined;
  return {
    name: "email",
    notifyOn: settings.EMAIL_NOTIFY_ON ?? notifyOn,
    send: (message, attempt) => {
      const mail = mailOf(message, settings);
      return settings.EMAIL_METHOD === "smtp"
        ? sendToServer(mail, settings, attempt)
        : sendToProgram(mail, settings, deps, attempt);
    },
  };
}

function mailOf(message: Message, settings: EmailSettings): Mail {
  const prefix = settings.EMAIL_SUBJECT_PREFIX === "" ? "" : `${settings.EMAIL_SUBJECT_PREFIX} `;
  return {
    from: settings.EMAIL_FROM,
    to: settings.EMAIL_TO,
    subject: `${prefix}${message.subject}`,
    text: fitText(message.body, bodyBytes, "both"),
    messageId: `<${message.id}@${message.host}>`,
    date: new Date(message.createdAt),
  };
}

async function sendToServer(mail: Mail, settings: EmailSettings, attempt: Attempt): Promise<SendResult> {
  const { SMTP_HOST: host, SMTP_PORT: port, SMTP_SECURITY: security, SMTP_USER: user } = settings;
  if (host === undefined) return { ok: false, error: "SMTP_HOST is not set", isTemporary: false };
  try {
    const password = settings.SMTP_PASSWORD?.reveal();
    const server = { host, port, security, user, password, caFile: settings.SMTP_CA_FILE };
    await sendBySmtp(server, mail, attempt.timeoutMs, attempt.signal);
    return { ok: true };
  } catch (error) {
    const words = attempt.signal.aborted
      ? `no answer within ${attempt.timeoutMs / 1000} s`
      : describeError(error);
    return { ok: false, error: `${host}:${port}: ${words}`, isTemporary: !isRefused(error) };
  }
}

/** SMTP answers from 500 on are final, as is a certificate or a login that is not accepted. */
function isRefused(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const code = "responseCode" in error && typeof error.responseCode === "number" ? error.responseCode : 0;
  return code >= 500 || ("code" in error && (error.code === "EAUTH" || error.code === "ETLS"));
}

async function sendToProgram(
  mail: Mail,
  { SENDMAIL, EMAIL_FROM, EMAIL_TO }: EmailSettings,
  { exec }: ChannelDeps,
  { signal, timeoutMs }: Attempt,
): Promise<SendResult> {
  try {
    const addressOf = (text: string) => /<([^<>]+)>/.exec(text)?.[1] ?? text;
    const command = [SENDMAIL, "-i", "-f", addressOf(EMAIL_FROM), "--", ...EMAIL_TO.map(addressOf)] as const;
    const result = await exec(command, { input: await composeMail(mail), timeoutMs, signal });
    if (result.exitCode === 0) return { ok: true };
    if (result.notFound) return { ok: false, error: `"${SENDMAIL}" is not installed`, isTemporary: false };
    const words = result.timedOut ? "no answer" : `exit ${result.exitCode}: ${result.stderr.split("\n")[0]}`;
    return { ok: false, error: `${SENDMAIL}: ${words}`, isTemporary: true };
  } catch (error) {
    return { ok: false, error: `${SENDMAIL}: ${describeError(error)}`, isTemporary: true };
  }
}
