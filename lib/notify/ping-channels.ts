/**
 * Tell, for each channel that has a check of its own at a healthchecks server, whether its message got through: a channel that
 * is broken cannot say so itself. Never throws.
 */
import type { ChannelPing } from "#lib/core/channel-ping.ts";
import type { Clock, Http } from "#lib/core/deps.ts";
import type { Attempt } from "#lib/notify/channel.ts";
import { type Delivery, sendWithRetries } from "#lib/notify/deliver.ts";
import { sendHttp } from "#lib/notify/http-send.ts";

interface PingRequest {
  readonly pings: readonly ChannelPing[];
  readonly deliveries: readonly Delivery[];
  readonly http: Http;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Resolves to what could not be told, a sentence each. A channel that had nothing to send says nothing. */
export async function pingChannels(request: PingRequest): Promise<readonly string[]> {
  const { pings, deliveries, http, clock, timeoutMs } = request;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  const notes = await Promise.all(
    pings.map(async ({ channel, url: secretUrl }) => {
      const delivery = deliveries.find((one) => one.channel === channel);
      if (delivery === undefined || delivery.outcome === "skipped") return [];
      const url = new URL(secretUrl.reveal());
      if (delivery.outcome === "failed") url.pathname = `${url.pathname.replace(/\/+$/, "")}/fail`;
      const body = `${channel}: ${delivery.outcome} (${delivery.attempts} attempts)`;
      const send = async (attempt: Attempt) =>
        (await sendHttp(http, { method: "POST", url: url.href, body }, attempt)).result;
      const { result } = await sendWithRetries(send, clock, deadlineMs);
      return result.ok ? [] : [`The check of ${channel} was not told: ${result.error}`];
    }),
  );
  return notes.flat();
}
