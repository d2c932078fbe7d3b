import { createHmac } from "node:crypto";
import type { Secret } from "#lib/core/secret.ts";
import type { Channel, ChannelDeps, NotifyOn } from "#lib/notify/channel.ts";
import { sendHttp } from "#lib/notify/http-send.ts";

export interface WebhookSettings {
  readonly WEBHOOK_URL: Secret | undefined;
  readonly WEBHOOK_NOTIFY_ON: NotifyOn | undefined;
  readonly WEBHOOK_SECRET: Secret | undefined;
}

/**
 * The `--json` report without the log, by POST. `X-Lastgood-Id` is the same on every attempt; with a secret,
 * `X-Lastgood-Signature: sha256=<hex>` is the HMAC of the body.
 */
export function createWebhookChannel(
  settings: WebhookSettings,
  notifyOn: NotifyOn,
  { http }: ChannelDeps,
): Channel | undefined {
  const { WEBHOOK_URL, WEBHOOK_SECRET, WEBHOOK_NOTIFY_ON } = settings;
  if (WEBHOOK_URL === undefined) return undefined;
  return {
    name: "webhook",
    notifyOn: WEBHOOK_NOTIFY_ON ?? notifyOn,
    send: async (message, attempt) => {
      const body = message.reportJson;
      const headers: Record<string, string> = {
        "Content-Type": "application/json",
        "X-Lastgood-Id": message.id,
      };
      if (WEBHOOK_SECRET !== undefined) {
        const hmac = createHmac("sha256", WEBHOOK_SECRET.reveal()).update(body).digest("hex");
        headers["X-Lastgood-Signature"] = `sha256=${hmac}`;
      }
      return (await sendHttp(http, { method: "POST", url: WEBHOOK_URL.reveal(), headers, body }, attempt))
        .result;
    },
  };
}
