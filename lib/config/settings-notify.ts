import { optional, withDefault } from "#lib/config/entry.ts";
import { channelPings } from "#lib/config/notify-parsers.ts";
import {
  address,
  addresses,
  choice,
  duration,
  httpUrl,
  integer,
  path,
  secret,
  secretUrl,
  text,
  word,
} from "#lib/config/parsers.ts";
import { secretSetting, serviceSettings, when } from "#lib/config/settings-services.ts";

const topic = word(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 letters, digits, dashes or underscores");
const host = word(
  /^(?:[A-Za-z0-9][A-Za-z0-9._-]*|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$/,
  "the name or address of a host, without a port",
);
const ports = { starttls: "587", tls: "465", none: "25" } as const;

export const notifySettings = {
  NOTIFY_ON: withDefault(when, "warning", {
    doc: "Send messages of: failure, warning (failures and partial runs), always",
  }),
  NOTIFY_TIMEOUT: withDefault(duration(1000), "60s", {
    doc: "All sending of one report together takes no longer",
  }),
  CHANNEL_PINGS: {
    ...withDefault(channelPings, "", {
      doc: "Checks at a healthchecks server for the channels themselves, one `CHANNEL=URL` a line: told of each message whether it got through",
    }),
    isSecret: true,
  },
  EMAIL_TO: withDefault(addresses, "", {
    doc: "Recipients, separated by commas or one a line; unset: no e-mail",
    aliases: ["EMAIL_RECIPIENT"],
  }),
  EMAIL_FROM: withDefault(address, (context) => `lastgood@${context.hostname || "localhost"}`, {
    doc: "Sender",
    defaultNote: "lastgood@HOSTNAME",
  }),
  EMAIL_SUBJECT_PREFIX: withDefault(text, "", { doc: "Put before every subject" }),
  EMAIL_NOTIFY_ON: optional(when, { doc: "NOTIFY_ON for e-mail alone" }),
  EMAIL_METHOD: withDefault(
    choice("smtp", "sendmail"),
    (_context, given) => (given["SMTP_HOST"] === undefined ? "sendmail" : "smtp"),
    { doc: "smtp, or sendmail: hand messages to a local program", defaultNote: "smtp if SMTP_HOST is set" },
  ),
  SENDMAIL: withDefault(path, "/usr/sbin/sendmail", { doc: "The program for EMAIL_METHOD=sendmail" }),
  SMTP_HOST: optional(host, { doc: "Mail server", aliases: ["SMTP_SERVER"] }),
  SMTP_SECURITY: withDefault(choice("starttls", "tls", "none"), "starttls", {
    doc: "starttls (required, never given up), tls, or none",
  }),
  SMTP_PORT: withDefault(integer(1, 65_535), (_context, given) => defaultPort(given["SMTP_SECURITY"]), {
    doc: "Port of the mail server",
    defaultNote: "587, 465 or 25 by SMTP_SECURITY",
  }),
  SMTP_USER: optional(text, { doc: "User at the mail server; unset: no log-in" }),
  SMTP_PASSWORD: secretSetting(secret, { doc: "Password of SMTP_USER" }),
  SMTP_CA_FILE: optional(path, {
    doc: "Certificate authority of the mail server, if the system does not know it",
  }),
  NTFY_TOPIC: optional(topic, { doc: "Topic at an ntfy server; unset: no ntfy" }),
  NTFY_URL: withDefault(httpUrl, "https://ntfy.sh", { doc: "The ntfy server" }),
  NTFY_NOTIFY_ON: optional(when, { doc: "NOTIFY_ON for ntfy alone" }),
  NTFY_TOKEN: secretSetting(secret, { doc: "Access token for ntfy" }),
  NTFY_USER: optional(text, { doc: "User at ntfy, instead of a token" }),
  NTFY_PASSWORD: secretSetting(secret, { doc: "Password of NTFY_USER" }),
  ...serviceSettings,
  WEBHOOK_URL: secretSetting(secretUrl, { doc: "Receives each report by POST; unset: no webhook" }),
  WEBHOOK_FORMAT: withDefault(choice("generic", "slack", "discord", "teams"), "generic", {
    doc: "generic: the report as JSON; or a message for slack (Mattermost, Rocket.Chat too), discord, teams (a workflow)",
  }),
  WEBHOOK_NOTIFY_ON: optional(when, { doc: "NOTIFY_ON for the webhook alone" }),
  WEBHOOK_SECRET: secretSetting(secret, {
    doc: "Signs the webhook's body: X-Lastgood-Signature (HMAC-SHA256)",
  }),
  HEALTHCHECKS_URL: secretSetting(secretUrl, {
    doc: "Ping address of a healthchecks server: told of every start and end; unset: none",
    aliases: ["HEALTHCHECK_URL"],
  }),
  UPTIME_KUMA_URL: secretSetting(secretUrl, {
    doc: "Address of a push monitor of Uptime Kuma: up after a complete run, down after any other and in a test; unset: none",
  }),
};

function defaultPort(security: string | undefined): string {
  return ports[security === "tls" || security === "none" ? security : "starttls"];
}
