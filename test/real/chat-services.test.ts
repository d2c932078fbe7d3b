/** The channels of chats and phones as processes of both runtimes, against services that answer as the real ones, badly, or not. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Delivery } from "#lib/notify/deliver.ts";
import { createCertificate } from "#test/support/certificate.ts";
import { channelOf, chatSecrets, chatServices, chatSettings } from "#test/support/chat-services.ts";
import {
  answer,
  type Behaviour,
  drip,
  hang,
  type RunningHttpServer,
  reset,
  startHttpServer,
} from "#test/support/http-server.ts";
import { createSandbox, type Runtime, runtimes } from "#test/support/sandbox.ts";

const channels = [
  ...["ntfy", "pushover", "telegram", "matrix", "gotify", "webhook"],
  ...["healthchecks", "uptime-kuma"],
];

/** Of every channel that speaks HTTP. */
const settingsFor: typeof chatSettings = (url, format) => ({
  ...chatSettings(url, format),
  HEALTHCHECKS_URL: `${url}/check/healthchecks-uuid`,
});

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "lastgood-chat-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function sendChannels(runtime: Runtime, settings: Readonly<Record<string, unknown>>) {
  await using sandbox = await createSandbox();
  const stdin = JSON.stringify(settings);
  const ended = await sandbox.run(runtime, "test/support/send-channels.ts", [], { stdin });
  expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
  const deliveries: Delivery[] = JSON.parse(ended.stdout);
  expect(deliveries.map(({ channel }) => channel)).toEqual(channels);
  const secrets = [...Object.values(chatSecrets), "healthchecks-uuid", "slack-hook", "kuma-token"];
  const isSecretShown = secrets.some((secret) => ended.stdout.includes(secret));
  expect(isSecretShown).toBe(false);
  return deliveries;
}

/** The first request of each channel meets the fault, every later one the service itself. */
function faultyAtFirst(fault: Behaviour): Behaviour {
  const met = new Set<string>();
  return (request, response) => {
    const channel = channelOf(request);
    const behave = met.has(channel) ? chatServices : fault;
    met.add(channel);
    behave(request, response);
  };
}

async function withServer<Value>(behave: Behaviour, body: (server: RunningHttpServer) => Promise<Value>) {
  const server = await startHttpServer(behave);
  try {
    return await body(server);
  } finally {
    await server.close();
  }
}

const outcomes = (deliveries: readonly Delivery[]) =>
  deliveries.map(({ channel, outcome, attempts }) => `${channel} ${outcome} ${attempts}`);

describe.each(runtimes)("on %s", (runtime) => {
  test.each(["slack", "discord", "teams"] as const)(
    "every service takes its message at the first attempt, the webhook being of %s",
    async (format) => {
      await withServer(chatServices, async ({ url, requests }) => {
        const deliveries = await sendChannels(runtime, settingsFor(url, format));
        expect(outcomes(deliveries)).toEqual(channels.map((channel) => `${channel} sent 1`));
        expect(deliveries.filter(({ error }) => error !== undefined)).toEqual([]);
        expect(new Set(requests.map(channelOf))).toEqual(new Set(channels));
        for (const request of requests) {
          const said = `${decodeURIComponent(request.path.replaceAll("+", " "))} ${request.body}`;
          // A ping says by its path how it ended.
          const isPing = channelOf(request) === "healthchecks";
          expect(said).toContain(isPing ? "/2?rid=" : "[FAILED] backup-run größe on web1");
        }
      });
    },
  );

  test.each<[string, Behaviour]>([
    ["503", answer(503, {}, "overloaded")],
    ["429 with Retry-After", answer(429, { "Retry-After": "1" }, "{}")],
    ["a reset connection", reset],
  ])("%s is tried again, by every channel", async (_what, fault) => {
    await withServer(faultyAtFirst(fault), async ({ url }) => {
      const deliveries = await sendChannels(runtime, settingsFor(url));
      expect(outcomes(deliveries)).toEqual(channels.map((channel) => `${channel} sent 2`));
    });
  });

  test.each<[string, Behaviour, RegExp]>([
    [
      "the page of a proxy with status 200",
      answer(200, { "Content-Type": "text/html" }, "<html>Log in</html>"),
      /HTTP 200, but this is no answer of .*<html>Log in<\/html>; check /,
    ],
    ["nothing with status 200", answer(200), /HTTP 200, but this is no answer of /],
    ["JSON of something else with status 200", answer(200, {}, '{"status":"ok"}'), /no answer of /],
    ["a redirect", answer(302, { Location: "https://elsewhere.example.org/x" }), /set that address instead/],
  ])("%s is not taken for success by any service", async (_what, behave, words) => {
    await withServer(behave, async ({ url }) => {
      const deliveries = await sendChannels(runtime, settingsFor(url));
      for (const { channel, outcome, attempts, error } of deliveries) {
        // Nobody knows what a webhook answers, nor who is compatible with healthchecks: any answer of 2xx will do.
        if (["webhook", "healthchecks"].includes(channel) && outcome === "sent") continue;
        expect({ channel, outcome, attempts }).toEqual({ channel, outcome: "failed", attempts: 1 });
        expect(error).toMatch(words);
      }
    });
  });

  test("a wrong token is told in the service's words, at once, with the settings to look at", async () => {
    await withServer(chatServices, async ({ url }) => {
      const wrong = Object.fromEntries(Object.keys(chatSecrets).map((name) => [name, "wr0ng-t0ken"]));
      const deliveries = await sendChannels(runtime, {
        ...settingsFor(url),
        ...wrong,
        WEBHOOK_URL: `${url}/services/wr0ng-t0ken`,
        UPTIME_KUMA_URL: `${url}/api/push/wr0ng-t0ken`,
        HEALTHCHECKS_URL: `${url}/check/wr0ng-t0ken`,
      });
      expect(Object.fromEntries(deliveries.map(({ channel, error }) => [channel, error]))).toEqual({
        ntfy: "HTTP 401: unauthorized; check NTFY_URL, NTFY_TOPIC and NTFY_TOKEN or NTFY_USER",
        pushover:
          "HTTP 400: application token is invalid, user identifier is not a valid user; check PUSHOVER_API_TOKEN and PUSHOVER_USER_KEY",
        telegram: "HTTP 401: Unauthorized; check TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID",
        matrix:
          "HTTP 401: M_UNKNOWN_TOKEN: Invalid access token passed.; check MATRIX_HOMESERVER, MATRIX_ACCESS_TOKEN and MATRIX_ROOM_ID",
        gotify:
          "HTTP 401: you need to provide a valid access token or user credentials to access this api; check GOTIFY_URL and GOTIFY_TOKEN",
        webhook: "HTTP 404 no_service; check WEBHOOK_URL and WEBHOOK_FORMAT",
        healthchecks: "HTTP 404 not found",
        "uptime-kuma": "HTTP 404: Monitor not found or not active.; check UPTIME_KUMA_URL",
      });
      expect(new Set(deliveries.map(({ attempts }) => attempts))).toEqual(new Set([1]));
    });
  });

  test("a server whose certificate nobody has signed is told nothing, and that is the reason that is given", async () => {
    const certificate = createCertificate(directory);
    const server = await startHttpServer(chatServices, certificate);
    try {
      const deliveries = await sendChannels(runtime, settingsFor(server.url));
      expect(outcomes(deliveries)).toEqual(channels.map((channel) => `${channel} failed 3`));
      for (const { error } of deliveries) expect(error).toMatch(/certificate|UnknownIssuer/i);
      expect(server.requests).toEqual([]);
    } finally {
      await server.close();
    }
  });

  test.each<[string, Behaviour]>([
    ["say nothing", hang],
    ["drip their answers", drip],
  ])(
    "services that %s hold nobody longer than NOTIFY_TIMEOUT, all of them together",
    async (_what, behave) => {
      await withServer(behave, async ({ url }) => {
        const deliveries = await sendChannels(runtime, { ...settingsFor(url), NOTIFY_TIMEOUT: 1000 });
        expect(outcomes(deliveries)).toEqual(channels.map((channel) => `${channel} failed 1`));
        // Of the second in all, each has what is left when it begins.
        for (const { error } of deliveries) expect(error).toMatch(/^no answer within (?:1|0\.\d) s$/);
      });
    },
  );
});
