import { createHmac } from "node:crypto";
import { z } from "zod";
import type { Secret } from "#lib/core/secret.ts";
import type { Channel, ChannelDeps, NotifyOn } from "#lib/notify/channel.ts";
import { readAnswer, type Service, sendToService, type Verdict } from "#lib/notify/send-to-service.ts";
import { type WebhookFormat, webhookBodies } from "#lib/notify/webhook-body.ts";

export interface WebhookSettings {
  readonly WEBHOOK_URL: Secret | undefined;
  readonly WEBHOOK_FORMAT: WebhookFormat;
  readonly WEBHOOK_NOTIFY_ON: NotifyOn | undefined;
  readonly WEBHOOK_SECRET: Secret | undefined;
}

/** `error` of most, `message` and seconds of Discord. */
const answerSchema = z.object({
  ok: z.boolean().optional(),
  success: z.boolean().optional(),
  error: z.string().nullish(),
  message: z.string().optional(),
  retry_after: z.number().optional(),
});

const service: Service = {
  name: "the webhook",
  settings: "WEBHOOK_URL and WEBHOOK_FORMAT",
  judge: judgeAnswer,
};

/**
 * One POST. `X-Lastgood-Id` is the same on every attempt; with a secret, `X-Lastgood-Signature: sha256=<hex>` is the HMAC of
 * the body.
 */
export function createWebhookChannel(
  settings: WebhookSettings,
  notifyOn: NotifyOn,
  { http }: ChannelDeps,
): Channel | undefined {
  const { WEBHOOK_URL, WEBHOOK_FORMAT, WEBHOOK_SECRET, WEBHOOK_NOTIFY_ON } = settings;
  if (WEBHOOK_URL === undefined) return undefined;
  return {
    name: "webhook",
    notifyOn: WEBHOOK_NOTIFY_ON ?? notifyOn,
    send: (message, attempt) => {
      const body = webhookBodies[WEBHOOK_FORMAT](message);
      const headers: Record<string, string> = {
        "Content-Type": "application/json",
        "X-Lastgood-Id": message.id,
      };
      if (WEBHOOK_SECRET !== undefined) {
        const hmac = createHmac("sha256", WEBHOOK_SECRET.reveal()).update(body).digest("hex");
        headers["X-Lastgood-Signature"] = `sha256=${hmac}`;
      }
      const url = WEBHOOK_URL.reveal();
      return sendToService(service, http, { method: "POST", url, headers, body }, attempt);
    },
  };
}

/** Whatever a webhook answers with 2xx is success, unless it says otherwise: nobody knows what stands behind it. */
function judgeAnswer(body: string): Verdict {
  // What Teams' connectors answer, with status 200, for a message that they could not hand on.
  const teamsError = /^Webhook message delivery failed with error: (.*)/.exec(body)?.[1];
  if (teamsError !== undefined) return { isTaken: false, words: teamsError };
  const answer = readAnswer(answerSchema, body);
  if (answer === undefined) return { isTaken: true };
  const { ok, success, error, message, retry_after: seconds } = answer;
  return {
    isTaken: ok !== false && success !== false && (error ?? "") === "",
    words: error ?? message,
    retryAfterMs: seconds === undefined ? undefined : Math.ceil(seconds * 1000),
  };
}
