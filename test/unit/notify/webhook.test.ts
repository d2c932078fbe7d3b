import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { createSecret } from "#lib/core/secret.ts";
import { createWebhookChannel } from "#lib/notify/webhook.ts";
import type { WebhookFormat } from "#lib/notify/webhook-body.ts";
import { recordExec, recordHttp, unlimited } from "#test/support/recorder.ts";
import { createReport, createTestMessage } from "#test/support/report.ts";

async function send(secret: string | undefined, format: WebhookFormat = "generic") {
  const { http, requests } = recordHttp();
  const settings = {
    WEBHOOK_URL: createSecret("https://hook.example.org/token"),
    WEBHOOK_FORMAT: format,
    WEBHOOK_NOTIFY_ON: undefined,
    WEBHOOK_SECRET: secret === undefined ? undefined : createSecret(secret),
  };
  const channel = createWebhookChannel(settings, "always", { http, exec: recordExec().exec });
  const message = createTestMessage({ headline: "größer", logTail: ["a secret of others"] }, "id-5");
  await channel?.send(message, unlimited);
  return requests[0];
}

describe("createWebhookChannel()", () => {
  test("posts the report as JSON, without the log, under the message's id", async () => {
    const request = await send(undefined);
    const { logTail: _log, ...report } = createReport({ headline: "größer" });
    expect(request).toMatchObject({ method: "POST", url: "https://hook.example.org/token" });
    expect(request?.headers).toEqual({ "Content-Type": "application/json", "X-Lastgood-Id": "id-5" });
    expect(JSON.parse(request?.body ?? "")).toEqual(report);
  });

  test.each(["generic", "teams"] as const)(
    "signs the bytes of the body with the secret: %s",
    async (format) => {
      const request = await send("s3cret", format);
      const expected = createHmac("sha256", "s3cret")
        .update(Buffer.from(request?.body ?? ""))
        .digest("hex");
      expect(request?.headers?.["X-Lastgood-Signature"]).toBe(`sha256=${expected}`);
    },
  );

  const judge = (status: number, body: string) => {
    const settings = {
      WEBHOOK_URL: createSecret("https://hook.example.org/token"),
      WEBHOOK_FORMAT: "slack",
      WEBHOOK_NOTIFY_ON: undefined,
      WEBHOOK_SECRET: undefined,
    } as const;
    const { http } = recordHttp({ status, body });
    const channel = createWebhookChannel(settings, "always", { http, exec: recordExec().exec });
    return channel?.send(createTestMessage(), unlimited);
  };

  test.each([
    [200, "ok"],
    [202, ""],
    [204, ""],
    [200, "1"],
    [200, '{"success":true}'],
    [200, '{"ok":true,"error":null}'],
    [200, '{"id":"1234","content":"…"}'],
    [200, "<html>Thank you</html>"],
    [200, "[]"],
  ])("takes %d %s as sent: nobody knows what stands behind a webhook", async (status, body) => {
    expect(await judge(status, body)).toEqual({ ok: true });
  });

  test.each([
    [200, '{"ok":false,"error":"invalid_auth"}', "HTTP 200, but the webhook says: invalid_auth"],
    [200, '{"ok":false}', 'HTTP 200, but this is no answer of the webhook: {"ok":false}'],
    [200, '{"success":false}', 'HTTP 200, but this is no answer of the webhook: {"success":false}'],
    [200, '{"error":"no such flow"}', "HTTP 200, but the webhook says: no such flow"],
    [
      200,
      "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413",
      "HTTP 200, but the webhook says: Microsoft Teams endpoint returned HTTP error 413",
    ],
    [404, "no_service", "HTTP 404 no_service"],
    [404, '{"message":"Unknown Webhook","code":10015}', "HTTP 404: Unknown Webhook"],
  ])("takes %d %s as a refusal", async (status, body, error) => {
    const hint = "; check WEBHOOK_URL and WEBHOOK_FORMAT";
    expect(await judge(status, body)).toMatchObject({ ok: false, error: error + hint, isTemporary: false });
  });

  test("waits as long as Discord says", async () => {
    const body = '{"message":"You are being rate limited.","retry_after":0.3005,"global":false}';
    const expected = { ok: false, error: "HTTP 429: You are being rate limited.", retryAfterMs: 301 };
    expect(await judge(429, body)).toMatchObject(expected);
  });
});
