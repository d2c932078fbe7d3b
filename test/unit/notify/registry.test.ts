import { describe, expect, test } from "bun:test";
import { channelNames } from "#lib/core/channel-ping.ts";
import { createSecret } from "#lib/core/secret.ts";
import { createChannels, type NotifySettings } from "#lib/notify/registry.ts";
import { recordExec, recordHttp } from "#test/support/recorder.ts";

const nothing: NotifySettings = {
  NOTIFY_ON: "warning",
  NOTIFY_TIMEOUT: 60_000,
  EMAIL_TO: [],
  EMAIL_FROM: "lastgood@web1",
  EMAIL_SUBJECT_PREFIX: "",
  EMAIL_NOTIFY_ON: undefined,
  EMAIL_METHOD: "sendmail",
  SENDMAIL: "/usr/sbin/sendmail",
  SMTP_HOST: undefined,
  SMTP_PORT: 587,
  SMTP_SECURITY: "starttls",
  SMTP_USER: undefined,
  SMTP_PASSWORD: undefined,
  SMTP_CA_FILE: undefined,
  NTFY_TOPIC: undefined,
  NTFY_URL: "https://ntfy.sh",
  NTFY_NOTIFY_ON: undefined,
  NTFY_TOKEN: undefined,
  NTFY_USER: undefined,
  NTFY_PASSWORD: undefined,
  PUSHOVER_USER_KEY: undefined,
  PUSHOVER_API_TOKEN: undefined,
  PUSHOVER_NOTIFY_ON: undefined,
  PUSHOVER_URL: "https://api.pushover.net",
  TELEGRAM_BOT_TOKEN: undefined,
  TELEGRAM_CHAT_ID: undefined,
  TELEGRAM_NOTIFY_ON: undefined,
  TELEGRAM_URL: "https://api.telegram.org",
  MATRIX_HOMESERVER: undefined,
  MATRIX_ACCESS_TOKEN: undefined,
  MATRIX_ROOM_ID: undefined,
  MATRIX_NOTIFY_ON: undefined,
  GOTIFY_URL: undefined,
  GOTIFY_TOKEN: undefined,
  GOTIFY_NOTIFY_ON: undefined,
  WEBHOOK_URL: undefined,
  WEBHOOK_FORMAT: "generic",
  WEBHOOK_NOTIFY_ON: undefined,
  WEBHOOK_SECRET: undefined,
  HEALTHCHECKS_URL: undefined,
  UPTIME_KUMA_URL: undefined,
};
const everything: NotifySettings = {
  ...nothing,
  EMAIL_TO: ["admin@example.org"],
  NTFY_TOPIC: "backups",
  NTFY_NOTIFY_ON: "always",
  PUSHOVER_USER_KEY: createSecret("u"),
  PUSHOVER_API_TOKEN: createSecret("a"),
  PUSHOVER_NOTIFY_ON: "failure",
  TELEGRAM_BOT_TOKEN: createSecret("1:b"),
  TELEGRAM_CHAT_ID: "-100",
  TELEGRAM_NOTIFY_ON: "always",
  MATRIX_HOMESERVER: "https://matrix.example.org",
  MATRIX_ACCESS_TOKEN: createSecret("m"),
  MATRIX_ROOM_ID: "!r:example.org",
  MATRIX_NOTIFY_ON: "failure",
  GOTIFY_URL: "https://gotify.example.org",
  GOTIFY_TOKEN: createSecret("g"),
  GOTIFY_NOTIFY_ON: "always",
  WEBHOOK_URL: createSecret("https://hook.example.org"),
  WEBHOOK_NOTIFY_ON: "failure",
  HEALTHCHECKS_URL: createSecret("https://hc.example.org/ping"),
  UPTIME_KUMA_URL: createSecret("https://kuma.example.org/api/push/t"),
};
const deps = { http: recordHttp().http, exec: recordExec().exec };

describe("createChannels()", () => {
  test("has no channel when none is configured", () => {
    expect(createChannels(nothing, deps)).toEqual([]);
  });

  test("has each that is configured, with its own NOTIFY_ON before the common one; pings are always sent", () => {
    const channels = createChannels(everything, deps);
    expect(channels.map(({ name, notifyOn }) => [name, notifyOn])).toEqual([
      ["email", "warning"],
      ["ntfy", "always"],
      ["pushover", "failure"],
      ["telegram", "always"],
      ["matrix", "failure"],
      ["gotify", "always"],
      ["webhook", "failure"],
      ["healthchecks", undefined],
      ["uptime-kuma", undefined],
    ]);
  });

  test("keeps for later what a channel did not take, but for pushes that mean now", () => {
    const momentary = createChannels(everything, deps).filter(({ isMomentary }) => isMomentary);
    expect(momentary.map(({ name }) => name)).toEqual(["uptime-kuma"]);
  });

  test("has the names that a check of a channel may have", () => {
    const names = createChannels(everything, deps).map(({ name }) => name);
    expect(names).toEqual([...channelNames]);
  });
});
