import { fitText } from "#lib/core/fit-text.ts";
import { headerText } from "#lib/core/header-text.ts";
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

/** sysexits.h: usage, data, no such user, no permission, configuration. */
const finalExits: readonly number[] = [64, 65, 67, 77, 78];

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
    subject: headerText(`${prefix}${message.subject}`),
    text: fitText(message.body, bodyBytes, "both"),
    messageId: `<${message.id}@${message.host.replaceAll(/[^A-Za-z0-9.-]/g, "-")}>`,
    date: new Date(message.createdAt),
    attachment: message.attachment,
  };
}

async function sendToServer(mail: Mail, settings: EmailSettings, attempt: Attempt): Promise<SendResult> {
  const { SMTP_HOST: host, SMTP_PORT: port, SMTP_SECURITY: security, SMTP_USER: user } = settings;
  if (host === undefined) return { ok: false, error: "SMTP_HOST is not set", isTemporary: false };
  try {
    const password = settings.SMTP_PASSWORD?.reveal();
    const server = { host, port, security, user, password, caFile: settings.SMTP_CA_FILE };
    const { refused } = await sendBySmtp(server, mail, attempt.timeoutMs, attempt.signal);
    return { ok: true, warning: refused.length === 0 ? undefined : `not taken: ${refused.join("; ")}` };
  } catch (error) {
    const words = headerText(describeError(error));
    return { ok: false, error: `${host}:${port}: ${words}`, isTemporary: mayPass(error) };
  }
}

/** SMTP says it itself: 4xx may pass, 5xx will not. Without an answer it is the network, which may. */
function mayPass(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("responseCode" in error)) return true;
  return typeof error.responseCode !== "number" || error.responseCode < 500;
}

async function sendToProgram(
  mail: Mail,
  { SENDMAIL, EMAIL_FROM, EMAIL_TO }: EmailSettings,
  { exec }: ChannelDeps,
  { signal, timeoutMs }: Attempt,
): Promise<SendResult> {
  const addressOf = (text: string) => /<([^<>]+)>/.exec(text)?.[1] ?? text;
  const command = [SENDMAIL, "-i", "-f", addressOf(EMAIL_FROM), "--", ...EMAIL_TO.map(addressOf)] as const;
  const result = await exec(command, { input: await composeMail(mail), timeoutMs, signal });
  if (result.exitCode === 0) return { ok: true };
  if (result.notFound) {
    const error = `"${SENDMAIL}" cannot be run: install a mail program, or set SMTP_HOST`;
    return { ok: false, error, isTemporary: false };
  }
  const ending = `exit ${result.exitCode ?? result.signal}`;
  const words = headerText(result.stderr === "" ? ending : `${ending}: ${result.stderr.slice(0, 200)}`);
  const isTemporary = result.exitCode === null || !finalExits.includes(result.exitCode);
  return { ok: false, error: `${SENDMAIL}: ${words}`, isTemporary };
}
