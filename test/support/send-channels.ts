/**
 * Sends one message through every channel of the settings on stdin, with the real tools, and prints what came of it: the
 * runtimes differ in what is below the channels.
 */
import process from "node:process";
import { text } from "node:stream/consumers";
import { createSecret } from "#lib/core/secret.ts";
import { deliver } from "#lib/notify/deliver.ts";
import { createChannels, type NotifySettings } from "#lib/notify/registry.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { createHttp } from "#lib/tools/http.ts";
import { createTestMessage } from "#test/support/report.ts";

const secretNames = /_(?:PASSWORD|TOKEN|SECRET|KEY)$|^(?:WEBHOOK|HEALTHCHECKS|UPTIME_KUMA)_URL$/;
const given: Record<string, unknown> = JSON.parse(await text(process.stdin));
const settings = {
  NOTIFY_ON: "always",
  NOTIFY_TIMEOUT: 20_000,
  EMAIL_TO: [],
  EMAIL_FROM: "lastgood@web1.example.org",
  EMAIL_SUBJECT_PREFIX: "",
  EMAIL_METHOD: "smtp",
  SMTP_SECURITY: "none",
  WEBHOOK_FORMAT: "generic",
  ...Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      secretNames.test(name) ? createSecret(String(value)) : value,
    ]),
  ),
} as unknown as NotifySettings;

const deps = { exec: createExec({ PATH: process.env.PATH ?? "" }), http: createHttp({}) };
const deliveries = await deliver({
  channels: createChannels(settings, deps),
  message: createTestMessage({ job: "größe", logTail: ["the last line"] }),
  clock: systemClock,
  timeoutMs: settings.NOTIFY_TIMEOUT,
});
process.stdout.write(JSON.stringify(deliveries));
