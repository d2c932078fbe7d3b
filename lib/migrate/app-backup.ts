/** The legacy backup of a Laravel application (`migrations-from-bash/app-backup`): variables of its script to our settings. */
import { OpsError } from "#lib/core/ops-error.ts";
import { parseShellAssignments } from "#lib/core/shell-assignments.ts";
import type { Importer, MigratedSetting, Migration } from "#lib/migrate/importer.ts";
import { constant, dropped, listUnsettled, migrateVariable, type Rule, to } from "#lib/migrate/rules.ts";

const partOfStore = dropped("part of STORE_SYNOLOGY_URL");

const rules: Readonly<Record<string, Rule>> = {
  APP_DIR: to("same", "APP_DIR"),
  BACKUP_BASE: to("renamed", "BACKUP_DIR", "sets lie below it by BACKUP_LAYOUT"),
  LOG_FILE: to("same", "LOG_FILE", "opened anew by each run, so that logrotate works"),
  LOCK_FILE: to("same", "LOCK_FILE", "the same kernel lock: old and new exclude each other; never unlinked"),
  DB_NAME: (value) => ({
    fate: "renamed",
    settings: [["DATABASES", `mysql:///${encodeURIComponent(value)}`]],
    remark: "root by the server's socket; add user, password and host to the URL for any other login",
  }),
  DB_OPTION_FILE: dropped("credentials stand in DATABASES, or in a file named by DATABASES_FILE"),
  SYNOLOGY_HOST: partOfStore,
  SYNOLOGY_PORT: partOfStore,
  SYNOLOGY_USER: partOfStore,
  SYNOLOGY_BASE_PATH: partOfStore,
  SYNOLOGY_SSH_KEY: to("renamed", "STORE_SYNOLOGY_KEY_FILE", "unknown host keys are refused now"),
  ADMIN_EMAILS: (value) => ({
    fate: "renamed",
    settings: [
      [
        "EMAIL_TO",
        value
          .trim()
          .split(/[\s,]+/)
          .join(","),
      ],
    ],
    remark: "sent by sendmail, or by SMTP_HOST; NOTIFY_ON=always mails successes as well",
  }),
  MIN_FREE_PERCENT: to("changed", "MIN_FREE_PERCENT", 'of the disk that is written, not of "/"'),
  APP_MIN_MB: to("changed", "APP_MIN_MB", "before compression, not after it"),
  KEEP_LOCAL: (value) => ({
    fate: "changed",
    settings: [
      ["KEEP_LAST", value],
      ["KEEP_DAILY", "0"],
      ["KEEP_WEEKLY", "0"],
      ["KEEP_MONTHLY", "0"],
    ],
    remark: "counts verified sets of this job only; a run that lacks something prunes nothing",
  }),
  SIZE_THRESHOLD: to(
    "changed",
    "SIZE_ALERT_PERCENT",
    "against the median; what shrank makes the run partial and stops retention, what grew is a note",
  ),
  TIMESTAMP: dropped("BACKUP_LAYOUT, TIME_ZONE"),
  BACKUP_NAME: dropped("BACKUP_LAYOUT"),
  WORK_DIR: dropped(
    "nothing is collected before it is archived: each source is written once, to its final file",
  ),
  SIZE_HISTORY: dropped("sizes are read from the manifests of the sets"),
  DEGRADED_MODE: dropped(
    "a store that cannot be reached makes the run partial (exit 1) and its set is queued",
  ),
  START: dropped("a variable of the run"),
  SHA_STATUS: dropped("a variable of the run"),
};

export const appBackup: Importer = {
  name: "app-backup",
  summary: "backup-run.sh of a Laravel application with database, system state and upload to a NAS",
  read: (text) => readScript(text),
};

function readScript(text: string): Migration {
  const found = parseShellAssignments(text);
  const value = (name: string) => found.find((one) => one.name === name)?.value;
  if (value("APP_DIR") === undefined && value("BACKUP_BASE") === undefined) {
    throw new OpsError("Cannot find APP_DIR or BACKUP_BASE in the script: it is no app-backup", {
      outcome: "config",
      hint: "Give the path of backup-run.sh itself, not of a wrapper",
    });
  }
  const settings = [
    ...found.map((one) => migrateVariable(one, rules)),
    ...readExcludes(text),
    ...readRequired(text),
    ...readZone(text),
    ...readStore(value),
    constant("system state", [["SYSTEM_STATE", "true"]], "each item is in the manifest with its state"),
    constant("mail on success", [["NOTIFY_ON", "always"]], "the script mailed successes too"),
    constant(
      "exit 0 when locked",
      [["LOCK_BUSY_EXIT", "0"]],
      "as the script; take it out to let cron hear of it",
    ),
  ];
  return { settings, todo: listTodo(settings) };
}

/** `--exclude` of its tar, relative to the directory that holds the application or to the application itself. */
function readExcludes(text: string): MigratedSetting[] {
  const patterns = [...text.matchAll(/--exclude=(?:'([^']+)'|"([^"]+)"|(\S+))/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
  if (patterns.length === 0) return [];
  const remark = "anchored at APP_DIR: the same name deeper down is backed up now";
  return [
    {
      legacy: "tar --exclude",
      legacyValue: patterns.join(" "),
      fate: "changed",
      settings: [["APP_EXCLUDES", patterns.join("\n")]],
      remark,
    },
  ];
}

function readRequired(text: string): MigratedSetting[] {
  const names = /\bfor\s+\w+\s+in\s+([^;\n]*\bartisan\b[^;\n]*);\s*do/.exec(text)?.[1];
  if (names === undefined) return [];
  const list = names.trim().split(/\s+/);
  return [
    {
      legacy: "files that must exist",
      legacyValue: list.join(" "),
      fate: "same",
      settings: [["APP_REQUIRED", list.join("\n")]],
      remark: "",
    },
  ];
}

function readZone(text: string): MigratedSetting[] {
  const zone = /\bTZ=["']?([A-Za-z]+(?:\/[A-Za-z_+-]+)*)/.exec(text)?.[1];
  if (zone === undefined) return [];
  return [{ legacy: "TZ", legacyValue: zone, fate: "renamed", settings: [["TIME_ZONE", zone]], remark: "" }];
}

/** One URL of five variables, and its tiers as a rule of dates. */
function readStore(value: (name: string) => string | undefined): MigratedSetting[] {
  const [host, port, user, path] = ["HOST", "PORT", "USER", "BASE_PATH"].map((key) =>
    value(`SYNOLOGY_${key}`),
  );
  if (host === undefined || path === undefined) return [];
  const url = `ssh://${user === undefined ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}${path}`;
  return [
    {
      legacy: "upload to the NAS",
      legacyValue: undefined,
      fate: "changed",
      settings: [
        ["STORE_SYNOLOGY_URL", url],
        ["STORE_SYNOLOGY_LAYOUT", "{tier}/{YYYY}/{MM}/{DD}/{HH}{mm}"],
        ["STORE_SYNOLOGY_TIERS", "biweekly=1,15"],
        ["STORE_SYNOLOGY_KEEP_LAST", "0"],
        ["STORE_SYNOLOGY_KEEP_DAILY", "14"],
        ["STORE_SYNOLOGY_KEEP_MONTHLY", "6"],
      ],
      remark:
        "the documents' 14 days and 6 months are kept at last; biweekly goes by date, not by the hour 19",
    },
  ];
}

function listTodo(settings: readonly MigratedSetting[]): string[] {
  return [
    ...listUnsettled(settings),
    "Put the NAS's host key into known_hosts: ssh-keyscan it, and compare it with what the NAS shows",
    "Save the lines above as /etc/lastgood/backup.env, chmod 600, then: backup-run --check-config; backup-run --dry-run",
    "Keep the old cron entry until the first run has ended well: both take the same lock",
  ];
}
