/** What no single setting can know: rules between settings. Pure. */
import type { ConfigPurpose } from "#lib/config/config-purpose.ts";
import type { SettingName, Settings } from "#lib/config/schema.ts";

export interface CrossProblem {
  /** The setting that the message is about, then those that it depends on. */
  readonly about: readonly [SettingName, ...SettingName[]];
  /** What follows the name of the first. */
  readonly message: string;
}

const levels = { zstd: [1, 19], gzip: [1, 9], xz: [0, 9], none: [0, 19] } as const;

/** Problems between the settings that a purpose uses, in the order of the sections. */
export function crossCheck(settings: Settings, purpose: ConfigPurpose): CrossProblem[] {
  if (purpose === "recovery") return [];
  if (purpose === "predeploy") return [...checkBusyExit(settings), ...checkChannels(settings)];
  return [
    ...checkSources(settings),
    ...checkPaths(settings),
    ...checkStackPaths(settings),
    ...checkCompression(settings),
    ...checkRetention(settings),
    ...checkChannels(settings),
  ];
}

function checkBusyExit({ LOCK_BUSY_EXIT: exit }: Settings): CrossProblem[] {
  if (exit > 1) return [];
  const message = `is "${exit}": a second run would say that it may be deployed while the first is under way`;
  return [{ about: ["LOCK_BUSY_EXIT"], message }];
}

function checkSources({ APP_DIR, DATABASES, STACKS_DIR, SYSTEM_STATE }: Settings): CrossProblem[] {
  if (APP_DIR !== undefined || DATABASES.length > 0 || STACKS_DIR !== undefined || SYSTEM_STATE) return [];
  const message = "is not set, nor are DATABASES, STACKS_DIR and SYSTEM_STATE: there is nothing to back up";
  return [{ about: ["APP_DIR", "DATABASES", "STACKS_DIR", "SYSTEM_STATE"], message }];
}

function checkPaths(settings: Settings): CrossProblem[] {
  const { APP_DIR, BACKUP_DIR, SECONDARY_DIR } = settings;
  const problems: CrossProblem[] = [];
  for (const name of ["BACKUP_DIR", "SECONDARY_DIR"] as const) {
    const path = settings[name];
    if (path !== undefined && APP_DIR !== undefined && isWithin(path, APP_DIR)) {
      const message = `is "${path}", inside APP_DIR "${APP_DIR}": a backup must not contain itself`;
      problems.push({ about: [name, "APP_DIR"], message });
    }
  }
  if (
    SECONDARY_DIR !== undefined &&
    (isWithin(SECONDARY_DIR, BACKUP_DIR) || isWithin(BACKUP_DIR, SECONDARY_DIR))
  ) {
    const message = `is "${SECONDARY_DIR}", BACKUP_DIR is "${BACKUP_DIR}": neither may lie inside the other`;
    problems.push({ about: ["SECONDARY_DIR", "BACKUP_DIR"], message });
  }
  return problems;
}

function checkStackPaths({ STACKS_DIR, APPDATA_DIR, STACK_STAGING_DIR }: Settings): CrossProblem[] {
  if (STACK_STAGING_DIR === undefined) return [];
  const data = { STACKS_DIR, APPDATA_DIR };
  return (["STACKS_DIR", "APPDATA_DIR"] as const).flatMap((name) => {
    const path = data[name];
    if (path === undefined || !isWithin(STACK_STAGING_DIR, path)) return [];
    const message = `is "${STACK_STAGING_DIR}", inside ${name} "${path}": a copy must not be copied`;
    return [{ about: ["STACK_STAGING_DIR", name], message } as const];
  });
}

function isWithin(path: string, directory: string): boolean {
  return `${path}/`.startsWith(directory === "/" ? "/" : `${directory}/`);
}

function checkCompression({ COMPRESSION, COMPRESSION_LEVEL }: Settings): CrossProblem[] {
  const [least, most] = levels[COMPRESSION];
  if (COMPRESSION_LEVEL === undefined || (COMPRESSION_LEVEL >= least && COMPRESSION_LEVEL <= most)) return [];
  const message = `is "${COMPRESSION_LEVEL}": expected ${least} to ${most} for ${COMPRESSION}`;
  return [{ about: ["COMPRESSION_LEVEL", "COMPRESSION"], message }];
}

const keepNames = ["KEEP_LAST", "KEEP_DAILY", "KEEP_WEEKLY", "KEEP_MONTHLY", "KEEP_YEARLY"] as const;

function checkRetention(settings: Settings): CrossProblem[] {
  if (keepNames.some((name) => settings[name] > 0)) return [];
  return [
    { about: keepNames, message: "and the other KEEP_ settings are all 0: retention would keep nothing" },
  ];
}

/** What is of no use, or not enough, without something else. */
const needs: readonly (readonly [SettingName, SettingName])[] = [
  ["SMTP_HOST", "EMAIL_TO"],
  ["SMTP_USER", "SMTP_HOST"],
  ["SMTP_USER", "SMTP_PASSWORD"],
  ["SMTP_PASSWORD", "SMTP_USER"],
  ["SMTP_CA_FILE", "SMTP_HOST"],
  ["NTFY_TOKEN", "NTFY_TOPIC"],
  ["NTFY_USER", "NTFY_TOPIC"],
  ["NTFY_USER", "NTFY_PASSWORD"],
  ["NTFY_PASSWORD", "NTFY_USER"],
  ["WEBHOOK_SECRET", "WEBHOOK_URL"],
  ["PUSHOVER_USER_KEY", "PUSHOVER_API_TOKEN"],
  ["PUSHOVER_API_TOKEN", "PUSHOVER_USER_KEY"],
  ["TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID"],
  ["TELEGRAM_CHAT_ID", "TELEGRAM_BOT_TOKEN"],
  ["MATRIX_HOMESERVER", "MATRIX_ACCESS_TOKEN"],
  ["MATRIX_ACCESS_TOKEN", "MATRIX_ROOM_ID"],
  ["MATRIX_ROOM_ID", "MATRIX_HOMESERVER"],
  ["GOTIFY_URL", "GOTIFY_TOKEN"],
  ["GOTIFY_TOKEN", "GOTIFY_URL"],
];

function checkChannels(settings: Settings): CrossProblem[] {
  const isSet = (name: SettingName) => {
    const value = settings[name];
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  };
  const problems = needs
    .filter(([name, needed]) => isSet(name) && !isSet(needed))
    .map(
      ([name, needed]): CrossProblem => ({ about: [name, needed], message: `is set, but ${needed} is not` }),
    );
  if (settings.EMAIL_METHOD === "smtp" && isSet("EMAIL_TO") && !isSet("SMTP_HOST")) {
    problems.push({ about: ["EMAIL_METHOD", "SMTP_HOST"], message: "is smtp, but SMTP_HOST is not set" });
  }
  if (isSet("NTFY_TOKEN") && isSet("NTFY_USER")) {
    problems.push({ about: ["NTFY_TOKEN", "NTFY_USER"], message: "and NTFY_USER are both set: keep one" });
  }
  return problems;
}
