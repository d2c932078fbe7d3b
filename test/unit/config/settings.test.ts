import { describe, expect, test } from "bun:test";
import type { ConfigPurpose } from "#lib/config/config-purpose.ts";
import { loadConfig } from "#lib/config/load-config.ts";
import { aliasNames, isSettingName, type Settings, settingNames } from "#lib/config/schema.ts";
import { createConfigDirectory, least, refusalOf } from "#test/unit/config/config-directory.ts";

interface Surroundings {
  readonly job?: string;
  readonly uid?: number;
  readonly hostname?: string;
  readonly env?: Record<string, string>;
  readonly purpose?: ConfigPurpose;
}

/** Settings of a file of the least and `lines`. */
async function load(lines: string, { job = "app", ...changes }: Surroundings = {}): Promise<Settings> {
  await using directory = await createConfigDirectory();
  const file = await directory.write(`${job}.env`, least + lines);
  const { settings } = await loadConfig(directory.request(file, changes));
  return settings;
}

async function problemsOf(lines: string, surroundings?: Surroundings): Promise<readonly string[]> {
  return (await refusalOf(load(lines, surroundings))).problems;
}

describe("A setting", () => {
  test.each([
    ["RUN_TIMEOUT=90", { RUN_TIMEOUT: 90_000 }],
    ["RUN_TIMEOUT=24d", { RUN_TIMEOUT: 2_073_600_000 }],
    ["FS_IO_TIMEOUT=15", { FS_TIMEOUT: 15_000 }],
    ["LOCK_WAIT=0", { LOCK_WAIT: 0 }],
    ["LOCK_BUSY_EXIT=0", { LOCK_BUSY_EXIT: 0 }],
    ["MIN_FREE_GB=1.5", { MIN_FREE_GB: 1.5 }],
    ["VERIFY=No", { VERIFY: false }],
    ["APP_ONE_FILE_SYSTEM=off", { APP_ONE_FILE_SYSTEM: false }],
    ["COMPRESSION_TYPE=XZ", { COMPRESSION: "xz" }],
    ["APP_EXCLUDES=a b", { APP_EXCLUDES: ["a b"] }],
    [
      'APP_EXCLUDES="\n ./storage/cache/ \n\n# no\n*.log\nvar/#x"',
      { APP_EXCLUDES: ["storage/cache", "*.log", "var/#x"] },
    ],
    ["EMAIL_RECIPIENT=a@b.org,root", { EMAIL_TO: ["a@b.org", "root"] }],
    ['EMAIL_TO="a@b.org\nOps <c@d.org>"', { EMAIL_TO: ["a@b.org", "Ops <c@d.org>"] }],
    ["NTFY_URL=https://ntfy.example.org/", { NTFY_URL: "https://ntfy.example.org" }],
    [
      'REQUIRE_MOUNT="/mnt/my nas/\n/mnt/a=b=.marker file"',
      {
        REQUIRE_MOUNT: [
          { path: "/mnt/my nas", marker: undefined },
          { path: "/mnt/a=b", marker: ".marker file" },
        ],
      },
    ],
    [
      "HOST_FORMER_IDS=0123456789abcdef0123456789abcdef",
      { HOST_FORMER_IDS: ["0123456789abcdef0123456789abcdef"] },
    ],
    ["TIME_ZONE=Europe/Berlin", { TIME_ZONE: "Europe/Berlin" }],
    ["BACKUP_LAYOUT=daily/{YYYY}/{MM}/{DD}/{HH}{mm}", { BACKUP_LAYOUT: "daily/{YYYY}/{MM}/{DD}/{HH}{mm}" }],
  ] as const)("is read: %j", async (lines, expected) => {
    expect(await load(`${lines}\n`)).toMatchObject(expected as unknown as Record<string, unknown>);
  });

  test.each([
    ["JOB=a/b", "small letters"],
    ["JOB=.hidden", "small letters"],
    [`JOB=${"a".repeat(65)}`, "small letters"],
    ["HOST_NAME=Web1", "small letters"],
    ["HOST_FORMER_IDS=web1", "32 hexadecimal digits"],
    ["TIME_ZONE=Mars/Olympus", "time zone"],
    ["RUN_TIMEOUT=0", "from 1s to 24d"],
    ["RUN_TIMEOUT=25d", "from 1s to 24d"],
    ["RUN_TIMEOUT=1h30m", "such as 90s, 15m"],
    ["LOCK_BUSY_EXIT=256", "from 0 to 255"],
    ["KEEP_LAST=-1", "whole number"],
    ["KEEP_LAST=1.5", "whole number"],
    ["MIN_FREE_GB=5GB", "without a unit"],
    ["MIN_FREE_GB=5,5", "without a unit"],
    ["MIN_FREE_PERCENT=101", "percent"],
    ["VERIFY=maybe", "true or false"],
    ["COMPRESSION=bzip2", "zstd, gzip, xz, none"],
    ["APP_EXCLUDES=/var/log", "relative to APP_DIR"],
    ["APP_EXCLUDES=a/../b", "inside APP_DIR"],
    ["APP_EXCLUDES=./", "not APP_DIR itself"],
    ["APP_REQUIRED=..", "inside APP_DIR"],
    ["SECONDARY_DIR=~/backup", 'without "~"'],
    ["REQUIRE_MOUNT=mnt", "absolute path"],
    ["REQUIRE_MOUNT=/mnt=", "absolute path"],
    ["REQUIRE_MOUNT=/mnt=..", "absolute path"],
    ["REQUIRE_MOUNT=/mnt=a/b", "absolute path"],
    ["BACKUP_LAYOUT={host}/{nope}/{stamp}", "{nope}"],
    ["BACKUP_LAYOUT={host}/../{stamp}", "dot"],
    ["BACKUP_LAYOUT={host}", "{stamp}"],
    ["EMAIL_TO=-oQ/tmp", "e-mail address"],
    ["EMAIL_TO=a@b@c", "e-mail address"],
    ['EMAIL_FROM="a@b\nBcc: c@d"', "e-mail address"],
    ['EMAIL_SUBJECT_PREFIX="a\\nBcc: c@d"', "one line"],
    ["SMTP_HOST=smtp.example.org:587", "without a port"],
    ["SMTP_PORT=0", "from 1 to 65535"],
    ["NTFY_TOPIC=a/b", "letters, digits"],
    ["NTFY_URL=ntfy.sh", "http or https"],
    ["WEBHOOK_URL=ftp://example.org", "http or https"],
    ["WEBHOOK_FORMAT=xmpp", "one of generic, slack, discord, teams"],
    ["TELEGRAM_CHAT_ID=my chat", "the number of a chat"],
    ["MATRIX_ROOM_ID='#room:example.org'", "internal ID of a room"],
    ["MATRIX_HOMESERVER=matrix.org", "http or https"],
    ["UPTIME_KUMA_URL=T0KEN", "http or https"],
    ["CHANNEL_PINGS=emial=https://hc.example.org/1", "line 1 to be CHANNEL=URL with one of email, ntfy"],
    ['CHANNEL_PINGS="email=https://hc.example.org/1\nntfy=hc.example.org"', "line 2 to be CHANNEL=URL"],
    ["HEALTHCHECKS_URL=https://:80", "http or https"],
    ['HEALTHCHECKS_URL="https://hc.example.org/a b"', "http or https"],
  ])("is refused: %j", async (lines, expected) => {
    const problems = await problemsOf(`${lines}\n`);
    expect(
      problems.filter((problem) => problem.includes("expected ") && problem.includes(expected)),
    ).toHaveLength(1);
  });
});

describe("Settings together", () => {
  test.each([
    ["COMPRESSION=gzip\nCOMPRESSION_LEVEL=12", 'COMPRESSION_LEVEL is "12": expected 1 to 9 for gzip'],
    ["COMPRESSION_LEVEL=0", "expected 1 to 19 for zstd"],
    ["KEEP_LAST=0\nKEEP_DAILY=0\nKEEP_WEEKLY=0\nKEEP_MONTHLY=0", "retention would keep nothing"],
    ["SECONDARY_DIR=/srv/app/backup", 'inside APP_DIR "/srv/app"'],
    ["SECONDARY_DIR=/srv/app", 'inside APP_DIR "/srv/app"'],
    ["SECONDARY_DIR=/mnt/backup", "neither may lie inside the other"],
    ["SECONDARY_DIR=/mnt", "neither may lie inside the other"],
    ["SECONDARY_DIR=/mnt/backup/second", "neither may lie inside the other"],
    ["SMTP_HOST=mail", "SMTP_HOST is set, but EMAIL_TO is not"],
    ["SMTP_HOST=mail\nEMAIL_TO=root\nSMTP_USER=u", "SMTP_USER is set, but SMTP_PASSWORD is not"],
    ["SMTP_HOST=mail\nEMAIL_TO=root\nSMTP_PASSWORD=p", "SMTP_PASSWORD is set, but SMTP_USER is not"],
    ["SMTP_USER=u\nSMTP_PASSWORD=p", "SMTP_USER is set, but SMTP_HOST is not"],
    ["SMTP_CA_FILE=/ca.pem", "SMTP_CA_FILE is set, but SMTP_HOST is not"],
    ["NTFY_USER=u\nNTFY_PASSWORD=p", "NTFY_USER is set, but NTFY_TOPIC is not"],
    ["NTFY_PASSWORD=p", "NTFY_PASSWORD is set, but NTFY_USER is not"],
    ["EMAIL_TO=root\nEMAIL_METHOD=smtp", "is smtp, but SMTP_HOST is not set"],
    ["NTFY_TOKEN=t", "NTFY_TOKEN is set, but NTFY_TOPIC is not"],
    ["NTFY_TOPIC=t\nNTFY_USER=u", "NTFY_USER is set, but NTFY_PASSWORD is not"],
    ["NTFY_TOPIC=t\nNTFY_TOKEN=t\nNTFY_USER=u\nNTFY_PASSWORD=p", "and NTFY_USER are both set"],
    ["WEBHOOK_SECRET=s", "WEBHOOK_SECRET is set, but WEBHOOK_URL is not"],
    ["PUSHOVER_USER_KEY=u", "PUSHOVER_USER_KEY is set, but PUSHOVER_API_TOKEN is not"],
    ["PUSHOVER_API_TOKEN=t", "PUSHOVER_API_TOKEN is set, but PUSHOVER_USER_KEY is not"],
    ["TELEGRAM_BOT_TOKEN=t", "TELEGRAM_BOT_TOKEN is set, but TELEGRAM_CHAT_ID is not"],
    ["TELEGRAM_CHAT_ID=1", "TELEGRAM_CHAT_ID is set, but TELEGRAM_BOT_TOKEN is not"],
    ["MATRIX_HOMESERVER=https://m.org", "MATRIX_HOMESERVER is set, but MATRIX_ACCESS_TOKEN is not"],
    [
      "MATRIX_HOMESERVER=https://m.org\nMATRIX_ACCESS_TOKEN=t",
      "MATRIX_ACCESS_TOKEN is set, but MATRIX_ROOM_ID is not",
    ],
    ["MATRIX_ROOM_ID='!r:m.org'", "MATRIX_ROOM_ID is set, but MATRIX_HOMESERVER is not"],
    ["GOTIFY_SERVER_URL=https://g.org", "is set, but GOTIFY_TOKEN is not"],
    ["GOTIFY_TOKEN=t", "GOTIFY_TOKEN is set, but GOTIFY_URL is not"],
  ])("are refused: %j", async (lines, expected) => {
    const problems = await problemsOf(`${lines}\n`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });

  test.each([
    ["LOCK_BUSY_EXIT=0", "a second run would say that it may be deployed"],
    ["LOCK_BUSY_EXIT=1", "a second run would say that it may be deployed"],
    ["PUSHOVER_USER_KEY=u", "PUSHOVER_USER_KEY is set, but PUSHOVER_API_TOKEN is not"],
  ])("are refused before a deployment: %j", async (lines, expected) => {
    const problems = await problemsOf(`${lines}\n`, { purpose: "predeploy" });
    expect(problems).toEqual([expect.stringContaining(expected)]);
    expect(await load(`${lines}\n`, { purpose: "recovery" })).toBeDefined();
  });

  test("are looked at as far as they are used: a deployment makes no sets", async () => {
    expect(await load("LOCK_BUSY_EXIT=2\nSECONDARY_DIR=/srv/app\n", { purpose: "predeploy" })).toBeDefined();
    expect(await load("LOCK_BUSY_EXIT=0\n")).toBeDefined();
  });

  test.each([
    "SECONDARY_DIR=/srv/app2",
    "SECONDARY_DIR=/mnt/backup-2",
    "COMPRESSION=xz\nCOMPRESSION_LEVEL=0",
    "COMPRESSION=none\nCOMPRESSION_LEVEL=3",
    "KEEP_LAST=0\nKEEP_DAILY=0\nKEEP_WEEKLY=0\nKEEP_MONTHLY=0\nKEEP_YEARLY=1",
    "EMAIL_TO=root",
    "EMAIL_METHOD=smtp",
    "SMTP_HOST=::1\nEMAIL_TO=root\nSMTP_USER=u\nSMTP_PASSWORD=p",
    "NTFY_TOPIC=t\nNTFY_USER=u\nNTFY_PASSWORD=p",
  ])("are good: %j", async (lines) => {
    expect(await load(`${lines}\n`)).toBeDefined();
  });
});

describe("A default", () => {
  test("names what belongs to root where the bash scripts had it", async () => {
    expect(await load("", { uid: 0, job: "backup" })).toMatchObject({
      JOB: "backup",
      LOCK_FILE: "/var/lock/backup-run.lock",
      LOG_FILE: "/var/log/backup-run.log",
      STATE_DIR: "/var/lib/lastgood",
    });
    expect((await load("", { uid: 0, job: "shop" })).LOCK_FILE).toBe("/var/lock/lastgood-shop.lock");
    expect((await load("JOB=backup\n", { uid: 0, job: "shop" })).LOCK_FILE).toBe("/var/lock/backup-run.lock");
  });

  test("stays in the user's directories without root", async () => {
    const own = "/home/me/.local/state/lastgood";
    expect(await load("", { uid: 4242 })).toMatchObject({
      LOCK_FILE: `${own}/app.lock`,
      LOG_FILE: `${own}/backup-run.log`,
      STATE_DIR: own,
    });
    const env = { XDG_RUNTIME_DIR: "/run/user/4242", XDG_STATE_HOME: "/state" };
    expect(await load("", { uid: 4242, env })).toMatchObject({
      LOCK_FILE: "/run/user/4242/lastgood-app.lock",
      STATE_DIR: "/state/lastgood",
    });
    expect(
      (await load("STATE_DIR=/s\n", { uid: 4242, env: { XDG_RUNTIME_DIR: "relative" } })).LOCK_FILE,
    ).toBe("/s/app.lock");
  });

  test("takes the host's first label in small letters, and its whole name for the sender", async () => {
    expect(await load("")).toMatchObject({ HOST_NAME: "web1", EMAIL_FROM: "lastgood@Web1.Example.org" });
    expect((await load("HOST_NAME=x\n", { hostname: "" })).EMAIL_FROM).toBe("lastgood@localhost");
  });

  test.each([
    ["", 587],
    ["SMTP_SECURITY=tls\n", 465],
    ["SMTP_SECURITY=none\n", 25],
    ["SMTP_SECURITY=tls\nSMTP_PORT=2525\n", 2525],
  ])("of SMTP_PORT follows the security: %j is %d", async (lines, port) => {
    expect((await load(lines)).SMTP_PORT).toBe(port);
  });

  test("of EMAIL_METHOD is smtp once there is a server", async () => {
    expect((await load("EMAIL_TO=root\n")).EMAIL_METHOD).toBe("sendmail");
    expect((await load("EMAIL_TO=root\nSMTP_SERVER=mail\n")).EMAIL_METHOD).toBe("smtp");
  });
});

test("The schema gives no name two meanings", () => {
  expect(new Set(settingNames).size).toBe(settingNames.length);
  for (const alias of aliasNames.keys()) expect(isSettingName(alias)).toBe(false);
  const aliases = [...aliasNames.keys()];
  expect(aliases).toContain("LOCAL_BACKUP_PATH");
  expect(isSettingName("toString")).toBe(false);
});
