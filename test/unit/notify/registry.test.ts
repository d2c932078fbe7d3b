import { describe, expect, test } from "bun:test";
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
  WEBHOOK_URL: undefined,
  WEBHOOK_NOTIFY_ON: undefined,
  WEBHOOK_SECRET: undefined,
  HEALTHCHECKS_URL: undefined,
};
const everything: NotifySettings = {
  ...nothing,
  EMAIL_TO: ["admin@example.org"],
  NTFY_TOPIC: "backups",
  NTFY_NOTIFY_ON: "always",
  WEBHOOK_URL: createSecret("https://hook.example.org"),
  WEBHOOK_NOTIFY_ON: "failure",
  HEALTHCHECKS_URL: createSecret("https://hc.example.org/ping"),
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
      ["webhook", "failure"],
      ["healthchecks", undefined],
    ]);
  });
});
