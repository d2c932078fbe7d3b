/** The legacy backup of a Laravel application (`migrations-from-bash/app-backup`): variables of its script to our settings. */
import { OpsError } from "#lib/core/ops-error.ts";
import { parseShellAssignments, type ShellAssignment } from "#lib/core/shell-assignments.ts";
import { findUnread } from "#lib/core/unread-shell.ts";
import type { Importer, MigratedSetting, Migration } from "#lib/migrate/importer.ts";
import {
  addUnread,
  constant,
  dropped,
  listElsewhere,
  listUnsettled,
  migrateVariable,
  type Rule,
  to,
  unknownValue,
} from "#lib/migrate/rules.ts";

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
  const unread = findUnread(text);
  const found = addUnread(parseShellAssignments(text), unread, Object.keys(rules));
  if (!found.some(({ name }) => name === "APP_DIR" || name === "BACKUP_BASE")) {
    throw new OpsError("Cannot find APP_DIR or BACKUP_BASE in the script: it is no app-backup", {
      outcome: "config",
      hint: "Give the path of backup-run.sh itself, not of a wrapper",
    });
  }
  const code = text.replaceAll(/^[ \t]*#.*$/gm, "");
  const settings = [
    ...found.map((one) => migrateVariable(one, rules)),
    ...readExcludes(code),
    ...readRequired(code),
    ...readZone(code),
    ...readStore(found),
    constant("system state", [["SYSTEM_STATE", "true"]], "each item is in the manifest with its state"),
    constant("mail on success", [["NOTIFY_ON", "always"]], "the script mailed successes too"),
    constant(
      "exit 0 when locked",
      [["LOCK_BUSY_EXIT", "0"]],
      "as the script; take it out to let cron hear of it",
    ),
  ];
  return {
    settings,
    todo: [...listUnsettled(settings), ...listElsewhere(found, settings, unread), ...furtherSteps],
  };
}

/** `--exclude` of its tar, relative to the directory that holds the application or to the application itself. */
function readExcludes(code: string): MigratedSetting[] {
  const patterns = [...code.matchAll(/--exclude(?:=|[ \t]+)(?:'([^']+)'|"([^"]+)"|(\S+))/g)].map(
    ([, single, double, bare]) => ({ text: single ?? double ?? bare ?? "", isLiteral: single !== undefined }),
  );
  const isKnown = ({ text, isLiteral }: (typeof patterns)[number]) => isLiteral || !/[$`]/.test(text);
  const known = patterns.filter(isKnown).map(({ text }) => text);
  const lists = [...code.matchAll(/--exclude-from(?:=|[ \t]+)\S+/g)].map(([text]) => text);
  const unknown = [
    ...patterns.filter((one) => !isKnown(one)).map(({ text }) => `--exclude ${text}`),
    ...lists,
  ];
  const remark = "anchored at APP_DIR: the same name deeper down is backed up now";
  const settings: MigratedSetting["settings"] = [["APP_EXCLUDES", known.join("\n")]];
  return [
    ...(known.length === 0 ? [] : [constant("tar --exclude", settings, remark, "changed")]),
    ...unknown.map((text) => unknownValue(`tar ${text}`, "APP_EXCLUDES")),
  ];
}

function readRequired(code: string): MigratedSetting[] {
  const names = /\bfor\s+\w+\s+in\s+([^;\n]*\bartisan\b[^;\n]*);\s*do/.exec(code)?.[1];
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

function readZone(code: string): MigratedSetting[] {
  const zone = /\bTZ=["']?([A-Za-z]+(?:\/[A-Za-z_+-]+)*)/.exec(code)?.[1];
  if (zone === undefined) return [];
  return [{ legacy: "TZ", legacyValue: zone, fate: "renamed", settings: [["TIME_ZONE", zone]], remark: "" }];
}

/** One URL of four variables, and its tiers as a rule of dates. */
function readStore(found: readonly ShellAssignment[]): MigratedSetting[] {
  const [host, port, user, path] = ["HOST", "PORT", "USER", "BASE_PATH"].map((key) =>
    found.find(({ name }) => name === `SYNOLOGY_${key}`),
  );
  if (host === undefined && path === undefined) return [];
  const isKnown =
    host?.value !== undefined &&
    path?.value !== undefined &&
    [port, user].every((one) => one === undefined || one.value !== undefined);
  const login = user === undefined ? "" : `${user.value}@`;
  const url = `ssh://${login}${host?.value}${port === undefined ? "" : `:${port.value}`}${path?.value}`;
  return [
    constant(
      "upload to the NAS",
      [
        ...(isKnown ? [["STORE_SYNOLOGY_URL", url] as const] : []),
        ["STORE_SYNOLOGY_LAYOUT", "{tier}/{YYYY}/{MM}/{DD}/{HH}{mm}"],
        ["STORE_SYNOLOGY_TIERS", "biweekly=1,15"],
        ["STORE_SYNOLOGY_KEEP_LAST", "0"],
        ["STORE_SYNOLOGY_KEEP_DAILY", "14"],
        ["STORE_SYNOLOGY_KEEP_MONTHLY", "6"],
      ],
      "the documents' 14 days and 6 months are kept at last; biweekly goes by date, not by the hour 19",
      "changed",
    ),
    ...(isKnown ? [] : [unknownValue("address of the NAS", "STORE_SYNOLOGY_URL")]),
  ];
}

const furtherSteps = [
  "Put the NAS's host key into known_hosts: ssh-keyscan it, and compare it with what the NAS shows",
  "Save the lines above as /etc/lastgood/backup.env, with umask 077 so that nobody else reads it, then: backup-run --check-config; backup-run --dry-run",
  "Keep the old cron entry until the first run has ended well: both take the same lock",
];
