/** The messages of the legacy stack backup: a channel that was off is left out, with everything that belongs to it. */
import type { Fate, Rule } from "#lib/migrate/rules.ts";
import { anyValue, dropped, to } from "#lib/migrate/rules.ts";

/** Value of a variable or its default; `anyValue` where only a shell could tell. */
export type ValueOf = (name: string) => string | undefined;

/** What the scripts assumed of a channel that is on. */
export const channelDefaults: readonly (readonly [
  name: string,
  value: string,
  isNeeded: (of: ValueOf) => boolean,
])[] = [
  ["NTFY_URL", "https://ntfy.sh", isOn("NTFY")],
  ["NTFY_TOPIC", "docker-backups", isOn("NTFY")],
  ["EMAIL_SUBJECT_PREFIX", "[Docker Backup]", isOn("EMAIL")],
  ["EMAIL_METHOD", "sendmail", isOn("EMAIL")],
  ["SMTP_SERVER", "smtp.gmail.com", isSmtp],
  ["SMTP_PORT", "587", isSmtp],
  ["SMTP_USE_TLS", "true", isSmtp],
];

export function messageRules(of: ValueOf): Readonly<Record<string, Rule>> {
  const when = (isUsed: (of: ValueOf) => boolean, why: string, rule: Rule) =>
    isUsed(of) ? unlessEmpty(rule) : dropped(why);
  const ntfy = (rule: Rule) => when(isOn("NTFY"), "NTFY_ENABLED=false", rule);
  const pushover = (rule: Rule) => when(isOn("PUSHOVER"), "PUSHOVER_ENABLED=false", rule);
  const email = (rule: Rule) => when(isOn("EMAIL"), "EMAIL_ENABLED=false", rule);
  const smtp = (rule: Rule) =>
    when(isSmtp, isOn("EMAIL")(of) ? "EMAIL_METHOD=sendmail" : "EMAIL_ENABLED=false", rule);
  const matrix = (rule: Rule) => when(isOn("MATRIX"), "MATRIX_ENABLED=false", rule);
  const byOutcome = dropped("by how the run ended: a stack that stays down is urgent on every channel");
  const bySetting =
    (name: string): Rule =>
    (value) => {
      const isKnown = value !== anyValue;
      const why = `a channel is on when ${name} is set`;
      return dropped(isKnown ? why : `look at this: ${why}; whether it is on only a shell could tell`)(value);
    };
  return {
    NOTIFY_ON_SUCCESS: (value) => ({
      fate: "renamed",
      settings: [["NOTIFY_ON", value === "true" ? "always" : "warning"]],
      remark: "refused preflights, a held lock and kills are told as well",
    }),
    NOTIFY_ON_FAILURE: dropped("failures are always told"),
    NTFY_ENABLED: bySetting("NTFY_TOPIC"),
    NTFY_URL: ntfy(to("same", "NTFY_URL")),
    NTFY_TOPIC: ntfy(to("same", "NTFY_TOPIC")),
    NTFY_TOKEN: ntfy(to("same", "NTFY_TOKEN")),
    NTFY_PRIORITY: byOutcome,
    NTFY_URGENT_ONLY: ntfy((value) =>
      value === "true"
        ? { fate: "changed", settings: [["NTFY_NOTIFY_ON", "failure"]], remark: "failures as well" }
        : dropped("all messages, by NOTIFY_ON")(value),
    ),
    PUSHOVER_ENABLED: bySetting("PUSHOVER_USER_KEY"),
    PUSHOVER_USER_KEY: pushover(to("same", "PUSHOVER_USER_KEY")),
    PUSHOVER_API_TOKEN: pushover(to("same", "PUSHOVER_API_TOKEN")),
    PUSHOVER_PRIORITY: byOutcome,
    EMAIL_ENABLED: bySetting("EMAIL_TO"),
    EMAIL_TO: email(to("same", "EMAIL_TO")),
    EMAIL_FROM: email(to("same", "EMAIL_FROM")),
    EMAIL_SUBJECT_PREFIX: email(to("same", "EMAIL_SUBJECT_PREFIX")),
    EMAIL_METHOD: email(to("same", "EMAIL_METHOD")),
    SMTP_SERVER: smtp(to("renamed", "SMTP_HOST")),
    SMTP_PORT: smtp(to("same", "SMTP_PORT")),
    SMTP_USER: smtp(to("same", "SMTP_USER")),
    SMTP_PASSWORD: smtp(to("same", "SMTP_PASSWORD")),
    SMTP_USE_TLS: smtp((value) => readSecurity(value, of("SMTP_PORT"))),
    SMTP_INSECURE: smtp((value) =>
      dropped(
        value === "true"
          ? "look at this: certificates are always checked; set SMTP_CA_FILE to that of the server"
          : "certificates are always checked",
      )(value),
    ),
    MATRIX_ENABLED: bySetting("MATRIX_HOMESERVER"),
    MATRIX_HOMESERVER: matrix(to("same", "MATRIX_HOMESERVER")),
    MATRIX_ACCESS_TOKEN: matrix(to("same", "MATRIX_ACCESS_TOKEN")),
    MATRIX_ROOM_ID: matrix(to("same", "MATRIX_ROOM_ID")),
  };
}

function isOn(channel: string): (of: ValueOf) => boolean {
  return (of) => isTrue(of(`${channel}_ENABLED`));
}

function isSmtp(of: ValueOf): boolean {
  return isOn("EMAIL")(of) && ["smtp", anyValue].includes(of("EMAIL_METHOD") ?? "");
}

/** What only a shell could tell may be true: a channel too many is seen, one too few is not. */
function isTrue(value: string | undefined): boolean {
  return value === "true" || value === anyValue;
}

function unlessEmpty(rule: Rule): Rule {
  return (value) => (value === "" ? dropped("empty")(value) : rule(value));
}

function readSecurity(useTls: string, port: string | undefined): Fate {
  const security = useTls !== "true" ? "none" : port === "465" ? "tls" : "starttls";
  return { fate: "renamed", settings: [["SMTP_SECURITY", security]], remark: "" };
}
