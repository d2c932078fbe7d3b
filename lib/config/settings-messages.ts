/** Whom to tell, when, and through which channel. A channel is used when its address is set. */
import { choice, duration, line, list, matching, wholeNumber } from "#lib/config/readers.ts";
import { emailAddress, hostName, serverUrl, url } from "#lib/config/readers-network.ts";
import { path } from "#lib/config/readers-paths.ts";
import { optional, secret, setting } from "#lib/config/setting.ts";

const occasion = choice("failure", "warning", "always");
const asElsewhere = {
  doc: "NOTIFY_ON",
  text: ({ valueOf }: { readonly valueOf: (name: string) => string | undefined }) =>
    valueOf("NOTIFY_ON") ?? "warning",
};

const smtpPorts: Readonly<Record<string, string>> = { starttls: "587", tls: "465", none: "25" };

export const messageSettings = {
  NOTIFY_ON: setting({
    doc: "When to send: at failure, at warning (failures and partial results) or always.",
    read: occasion,
    default: "warning",
  }),
  NOTIFY_TIMEOUT: setting({
    doc: "How long the sending of a report may take, all channels and attempts together.",
    read: duration(1000),
    default: "60s",
  }),
  EMAIL_TO: setting({
    doc: "Recipients, one per line or parted by commas.",
    read: list(emailAddress, /[\n,]/),
    default: "",
    aliases: ["EMAIL_RECIPIENT"],
  }),
  EMAIL_NOTIFY_ON: setting({ doc: "NOTIFY_ON for e-mail.", read: occasion, default: asElsewhere }),
  EMAIL_FROM: setting({
    doc: "Sender.",
    read: emailAddress,
    default: {
      doc: "`lastgood@` and the host's full name",
      text: ({ hostname }) => `lastgood@${hostname || "localhost"}`,
    },
  }),
  EMAIL_SUBJECT_PREFIX: setting({ doc: "What every subject begins with.", read: line, default: "" }),
  SMTP_HOST: optional({
    doc: "Server that takes the mail.",
    read: hostName,
    aliases: ["SMTP_SERVER"],
  }),
  SMTP_SECURITY: setting({
    doc: "How the connection is encrypted: starttls (demanded, not just offered), tls from the first byte, or none.",
    read: choice("starttls", "tls", "none"),
    default: "starttls",
  }),
  SMTP_PORT: setting({
    doc: "Its port.",
    read: wholeNumber(1, 65_535),
    default: {
      doc: "587 for starttls, 465 for tls, 25 for none",
      text: ({ valueOf }) => smtpPorts[valueOf("SMTP_SECURITY") ?? ""] ?? "587",
    },
  }),
  SMTP_USER: optional({ doc: "User at the server.", read: line }),
  SMTP_PASSWORD: secret({ doc: "Password at the server.", read: line }),
  SMTP_CA_FILE: optional({
    doc: "Certificates (PEM) to trust in place of the system's, for a server with one of its own.",
    read: path,
  }),
  EMAIL_METHOD: setting({
    doc: "How mail leaves: smtp or sendmail.",
    read: choice("smtp", "sendmail"),
    default: {
      doc: "smtp when SMTP_HOST is set, else sendmail",
      text: ({ valueOf }) => (valueOf("SMTP_HOST") === undefined ? "sendmail" : "smtp"),
    },
  }),
  SENDMAIL: setting({ doc: "The sendmail program.", read: path, default: "/usr/sbin/sendmail" }),
  NTFY_TOPIC: optional({
    doc: "Topic on the ntfy server.",
    read: matching(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 letters, digits, dashes or underscores"),
  }),
  NTFY_NOTIFY_ON: setting({ doc: "NOTIFY_ON for ntfy.", read: occasion, default: asElsewhere }),
  NTFY_URL: setting({ doc: "The ntfy server.", read: serverUrl, default: "https://ntfy.sh" }),
  NTFY_TOKEN: secret({ doc: "Access token at the ntfy server.", read: line }),
  NTFY_USER: optional({ doc: "User at the ntfy server, when there is no token.", read: line }),
  NTFY_PASSWORD: secret({ doc: "Password at the ntfy server.", read: line }),
  WEBHOOK_URL: secret({
    doc: "Address that receives every report as JSON; secret, since such addresses hold tokens.",
    read: url,
  }),
  WEBHOOK_NOTIFY_ON: setting({
    doc: "NOTIFY_ON for the webhook.",
    read: occasion,
    default: asElsewhere,
  }),
  WEBHOOK_SECRET: secret({
    doc: "Key of the signature (HMAC-SHA-256) by which the receiver knows that a report is ours.",
    read: line,
  }),
  HEALTHCHECKS_URL: secret({
    doc: "Address of a check at healthchecks.io or alike, told of the start and the end of each run.",
    read: url,
    aliases: ["HEALTHCHECK_URL"],
  }),
};
