/** What no single setting can know: rules between settings. Pure. */
import type { Settings } from "#lib/config/schema.ts";

const levels = { zstd: [1, 19], gzip: [1, 9], xz: [0, 9], none: [0, 0] } as const;

/** Problems between settings that are each valid, in the order of the sections. */
export function crossCheck(settings: Settings): string[] {
  return [
    ...checkSources(settings),
    ...checkPaths(settings),
    ...checkCompression(settings),
    ...checkRetention(settings),
    ...checkChannels(settings),
  ];
}

function checkSources({ APP_DIR }: Settings): string[] {
  return APP_DIR === undefined ? ["Nothing to back up: set APP_DIR"] : [];
}

function checkPaths({ APP_DIR, BACKUP_DIR, SECONDARY_DIR }: Settings): string[] {
  const problems: string[] = [];
  const isWithin = (path: string, directory: string) =>
    `${path}/`.startsWith(directory === "/" ? "/" : `${directory}/`);
  for (const [name, path] of Object.entries({ BACKUP_DIR, SECONDARY_DIR })) {
    if (path !== undefined && APP_DIR !== undefined && isWithin(path, APP_DIR)) {
      problems.push(`${name} "${path}" lies inside APP_DIR "${APP_DIR}": a backup must not contain itself`);
    }
  }
  if (
    SECONDARY_DIR !== undefined &&
    (isWithin(SECONDARY_DIR, BACKUP_DIR) || isWithin(BACKUP_DIR, SECONDARY_DIR))
  ) {
    problems.push(`SECONDARY_DIR "${SECONDARY_DIR}" and BACKUP_DIR "${BACKUP_DIR}" lie inside each other`);
  }
  return problems;
}

function checkCompression({ COMPRESSION, COMPRESSION_LEVEL }: Settings): string[] {
  const [least, most] = levels[COMPRESSION];
  if (COMPRESSION_LEVEL === undefined || (COMPRESSION_LEVEL >= least && COMPRESSION_LEVEL <= most)) return [];
  return [
    `COMPRESSION_LEVEL "${COMPRESSION_LEVEL}" is not one of ${COMPRESSION}: expected ${least} to ${most}`,
  ];
}

function checkRetention(settings: Settings): string[] {
  const { KEEP_LAST, KEEP_DAILY, KEEP_WEEKLY, KEEP_MONTHLY, KEEP_YEARLY } = settings;
  const keeps = [KEEP_LAST, KEEP_DAILY, KEEP_WEEKLY, KEEP_MONTHLY, KEEP_YEARLY];
  return keeps.every((keep) => keep === 0)
    ? ["The KEEP_ settings are all 0: retention would keep nothing"]
    : [];
}

function checkChannels(settings: Settings): string[] {
  const problems: string[] = [];
  const need = (isGiven: boolean, given: string, needed: string, isThere: boolean) => {
    if (isGiven && !isThere) problems.push(`${given} is set, but ${needed} is not`);
  };
  const { SMTP_USER, SMTP_PASSWORD, SMTP_HOST, EMAIL_TO, EMAIL_METHOD } = settings;
  need(SMTP_USER !== undefined, "SMTP_USER", "SMTP_PASSWORD", SMTP_PASSWORD !== undefined);
  need(SMTP_PASSWORD !== undefined, "SMTP_PASSWORD", "SMTP_USER", SMTP_USER !== undefined);
  need(SMTP_HOST !== undefined, "SMTP_HOST", "EMAIL_TO", EMAIL_TO.length > 0);
  const isSmtp = EMAIL_TO.length > 0 && EMAIL_METHOD === "smtp";
  need(isSmtp, "EMAIL_METHOD=smtp", "SMTP_HOST", SMTP_HOST !== undefined);
  const { NTFY_TOPIC, NTFY_TOKEN, NTFY_USER, NTFY_PASSWORD, WEBHOOK_SECRET, WEBHOOK_URL } = settings;
  need(NTFY_TOKEN !== undefined, "NTFY_TOKEN", "NTFY_TOPIC", NTFY_TOPIC !== undefined);
  need(NTFY_USER !== undefined, "NTFY_USER", "NTFY_PASSWORD", NTFY_PASSWORD !== undefined);
  need(WEBHOOK_SECRET !== undefined, "WEBHOOK_SECRET", "WEBHOOK_URL", WEBHOOK_URL !== undefined);
  return problems;
}
