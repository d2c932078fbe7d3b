import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isSettingName } from "#lib/config/schema.ts";
import { parseShellAssignments } from "#lib/core/shell-assignments.ts";
import { dockerStacks } from "#lib/migrate/docker-stacks.ts";
import { projectDirectory } from "#test/support/sandbox.ts";

const example = readFileSync(
  join(projectDirectory, "migrations-from-bash/docker-stacks/legacy/config.example.sh"),
  "utf8",
);

/** Our settings for a config.sh of these lines. */
const settingsOf = (...lines: readonly string[]) =>
  Object.fromEntries(
    dockerStacks
      .read(["BACKUP_DEST=/mnt/b", ...lines].join("\n"))
      .settings.flatMap(({ settings }) => settings.map(([name, value]) => [name, value])),
  );

describe("dockerStacks.read()", () => {
  test("says of every variable of the example what became of it, once, and names only settings that exist", () => {
    const { settings } = dockerStacks.read(example);
    const legacy = settings.map((one) => one.legacy);
    for (const { name } of parseShellAssignments(example)) {
      expect(legacy.filter((one) => one === name)).toEqual([name]);
    }
    const ours = settings.flatMap((one) => one.settings.map(([name]) => name));
    expect(ours.filter((name) => !isSettingName(name))).toEqual([]);
    expect(ours).toEqual([...new Set(ours)]);
    expect(settings.filter(({ remark }) => remark.startsWith("unknown here"))).toEqual([]);
  });

  test("writes out what the scripts assumed, so that nothing changes by our own defaults", () => {
    expect(settingsOf()).toEqual({
      STACKS_DIR: "/opt/dockhand/stacks",
      STACKS_DIR_APPEND_HOSTNAME: "true",
      APPDATA_DIR: "/mnt/datastor/appdata",
      BACKUP_DIR: "/mnt/b",
      LOG_FILE: "/var/log/docker-backup.log",
      LOCK_FILE: "/var/run/docker-stack-backup.lock",
      NOTIFY_ON: "always",
      KEEP_LAST: "1",
      KEEP_DAILY: "30",
      KEEP_WEEKLY: "0",
      KEEP_MONTHLY: "0",
      STACK_STOP: "stop",
      BACKUP_LAYOUT: "{host}/{YYYY}{MM}{DD}_{HH}{mm}{ss}",
      MIN_FREE_GB: "5",
    });
  });

  test.each<[readonly string[], Record<string, string | undefined>]>([
    [["DOCKHAND_APPEND_HOSTNAME=false"], { STACKS_DIR_APPEND_HOSTNAME: "false" }],
    [["DOCKHAND_APPEND_HOSTNAME=yes"], { STACKS_DIR_APPEND_HOSTNAME: "false" }],
    [['BASE=/mnt/pool\nAPPDATA_PATH="$BASE/appdata"'], { APPDATA_DIR: "/mnt/pool/appdata" }],
    [["BACKUP_BASE=/mnt/other"], { BACKUP_DIR: "/mnt/b" }],
    [["COMPRESSION_METHOD=gzip", "COMPRESSION_LEVEL=6"], { COMPRESSION: "gzip", COMPRESSION_LEVEL: "6" }],
    [["COMPRESSION_METHOD=zstd", "COMPRESSION_LEVEL=22"], { COMPRESSION: "zstd", COMPRESSION_LEVEL: "19" }],
    [["COMPRESSION_METHOD=xz", "COMPRESSION_LEVEL=0"], { COMPRESSION: "xz", COMPRESSION_LEVEL: "0" }],
    [
      ["COMPRESSION_METHOD=bzip2", "COMPRESSION_LEVEL=9"],
      { COMPRESSION: "zstd", COMPRESSION_LEVEL: undefined },
    ],
    [["COMPRESSION_LEVEL=6"], { COMPRESSION: undefined, COMPRESSION_LEVEL: undefined }],
    [["USE_PARALLEL=true", "PARALLEL_THREADS=3"], { COMPRESSION_THREADS: "3" }],
    [["USE_PARALLEL=true"], { COMPRESSION_THREADS: undefined }],
    [["USE_PARALLEL=false", "PARALLEL_THREADS=3"], { COMPRESSION_THREADS: "1" }],
    [["EXCLUDE_PATTERNS=('*.log' \"a b\")"], { STACK_EXCLUDES: "*.log\na b" }],
    [["EXCLUDE_PATTERNS=()"], { STACK_EXCLUDES: undefined }],
    [["EXCLUDE_PATTERNS=(a)", "EXCLUDE_PATTERNS+=(b)"], { STACK_EXCLUDES: "a\nb" }],
    [["POST_RESTART_HOOKS=(/opt/a /opt/b)"], { POST_RESTART_HOOKS: "/opt/a\n/opt/b" }],
    [["POST_RESTART_HOOKS=(notify)"], { POST_RESTART_HOOKS: undefined }],
    [["RETENTION_DAYS=90"], { KEEP_DAILY: "90", KEEP_LAST: "1" }],
    [['check_disk_space "$BACKUP_DEST" 50'], { MIN_FREE_GB: "50" }],
    [["NOTIFY_ON_SUCCESS=false"], { NOTIFY_ON: "warning" }],
    [["NOTIFY_ON_FAILURE=false"], { NOTIFY_ON: "always" }],
    [["NTFY_TOPIC=x"], { NTFY_TOPIC: undefined }],
    [
      ["NTFY_ENABLED=true"],
      { NTFY_TOPIC: "docker-backups", NTFY_URL: "https://ntfy.sh", NTFY_TOKEN: undefined },
    ],
    [
      ["NTFY_ENABLED=true", "NTFY_TOKEN=tk", "NTFY_URGENT_ONLY=true"],
      { NTFY_TOKEN: "tk", NTFY_NOTIFY_ON: "failure" },
    ],
    [["NTFY_ENABLED=true", "NTFY_ENABLED=false"], { NTFY_TOPIC: undefined }],
    [
      ["PUSHOVER_ENABLED=true", "PUSHOVER_USER_KEY=u", "PUSHOVER_API_TOKEN=t"],
      { PUSHOVER_USER_KEY: "u", PUSHOVER_API_TOKEN: "t" },
    ],
    [
      ["EMAIL_ENABLED=true", "EMAIL_TO=a@b.c"],
      {
        EMAIL_TO: "a@b.c",
        EMAIL_METHOD: "sendmail",
        EMAIL_SUBJECT_PREFIX: "[Docker Backup]",
        SMTP_HOST: undefined,
      },
    ],
    [["EMAIL_ENABLED=true", "SMTP_SERVER=mail"], { SMTP_HOST: undefined }],
    [
      ["EMAIL_ENABLED=true", "EMAIL_METHOD=smtp"],
      { SMTP_HOST: "smtp.gmail.com", SMTP_PORT: "587", SMTP_SECURITY: "starttls" },
    ],
    [
      ["EMAIL_ENABLED=true", "EMAIL_METHOD=smtp", "SMTP_PORT=465"],
      { SMTP_PORT: "465", SMTP_SECURITY: "tls" },
    ],
    [
      ["EMAIL_ENABLED=true", "EMAIL_METHOD=smtp", "SMTP_PORT=1025", "SMTP_USE_TLS=false"],
      { SMTP_PORT: "1025", SMTP_SECURITY: "none" },
    ],
    [
      [
        "MATRIX_ENABLED=true",
        "MATRIX_HOMESERVER=https://m",
        "MATRIX_ACCESS_TOKEN=t",
        "MATRIX_ROOM_ID='!r:m'",
      ],
      { MATRIX_HOMESERVER: "https://m", MATRIX_ACCESS_TOKEN: "t", MATRIX_ROOM_ID: "!r:m" },
    ],
  ])("makes of %j settings of the same meaning", (lines, expected) => {
    const ours = settingsOf(...lines);
    for (const [name, value] of Object.entries(expected)) expect([name, ours[name]]).toEqual([name, value]);
  });

  test.each([
    ["BACKUP_DEST=/mnt/a", "BACKUP_DEST: set in lines 1, 2; that of line 2 was taken"],
    [
      'EMAIL_ENABLED=true\nEMAIL_FROM="docker-backup@$(hostname)"',
      "EMAIL_FROM: only a shell could tell its value: set EMAIL_FROM by hand",
    ],
    [
      "EXCLUDE_PATTERNS=($(cat /etc/excludes))",
      "EXCLUDE_PATTERNS: only a shell could tell its value: set STACK_EXCLUDES by hand",
    ],
    ["MY_OWN=1", "MY_OWN: unknown here: look at line 2"],
    ["[ -d /nas ] && BACKUP_DEST=/nas", "BACKUP_DEST: set in lines 1, 2; that of line 1 was taken"],
    [
      "if x; then LOCK_FILE=/run/x; fi",
      "LOCK_FILE: only a shell could tell its value: set LOCK_FILE by hand",
    ],
    [
      "RETENTION_DAYS=$((4 * 7))",
      "RETENTION_DAYS: only a shell could tell its value: set KEEP_DAILY by hand",
    ],
    ["[ -e x ] && . /etc/more.sh", "Line 2 reads another file, /etc/more.sh: look at what it sets"],
    [
      "NTFY_ENABLED=$(cat /etc/on)\nNTFY_TOPIC=x",
      "NTFY_ENABLED: a channel is on when NTFY_TOPIC is set; whether it is on only a shell could tell",
    ],
    [
      "POST_RESTART_HOOKS=(notify)",
      'POST_RESTART_HOOKS: "notify" is no absolute path; set POST_RESTART_HOOKS by hand',
    ],
    [
      "EMAIL_ENABLED=true\nEMAIL_METHOD=smtp\nSMTP_INSECURE=true",
      "SMTP_INSECURE: certificates are always checked; set SMTP_CA_FILE to that of the server",
    ],
  ])("tells a person what %j needs", (lines, todo) => {
    expect(dockerStacks.read(`BACKUP_DEST=/mnt/b\n${lines}`).todo).toContain(todo);
  });

  test("assumes nothing where a value may come from a line that is not read", () => {
    const ours = settingsOf("case x in *) LOG_FILE=/x ;; esac", `: "\${DOCKHAND_BASE:=/srv}"`);
    expect([ours["LOG_FILE"], ours["STACKS_DIR"]]).toEqual([undefined, undefined]);
    expect(settingsOf("NTFY_ENABLED=$(cat /etc/on)", "NTFY_TOPIC=x")).toMatchObject({ NTFY_TOPIC: "x" });
  });

  test("refuses a file that is none of its kind", () => {
    expect(() => dockerStacks.read("APP_DIR=/srv\n")).toThrow("it is no config.sh of docker-stacks");
  });
});
