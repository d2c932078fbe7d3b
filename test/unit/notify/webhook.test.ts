import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { createSecret } from "#lib/core/secret.ts";
import { createWebhookChannel } from "#lib/notify/webhook.ts";
import { recordExec, recordHttp, unlimited } from "#test/support/recorder.ts";
import { createReport, createTestMessage } from "#test/support/report.ts";

async function send(secret: string | undefined) {
  const { http, requests } = recordHttp();
  const settings = {
    WEBHOOK_URL: createSecret("https://hook.example.org/token"),
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

  test("signs the bytes of the body with the secret", async () => {
    const request = await send("s3cret");
    const expected = createHmac("sha256", "s3cret")
      .update(Buffer.from(request?.body ?? ""))
      .digest("hex");
    expect(request?.headers?.["X-Lastgood-Signature"]).toBe(`sha256=${expected}`);
  });
});
