import { describe, expect, test } from "bun:test";
import { createSecret } from "#lib/core/secret.ts";
import type { Delivery } from "#lib/notify/deliver.ts";
import { pingChannels } from "#lib/notify/ping-channels.ts";
import { recordHttp } from "#test/support/recorder.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";

const pings = (["email", "ntfy", "telegram"] as const).map((channel) => ({
  channel,
  url: createSecret(`https://hc.example.org/ping/${channel}/?x=1`),
}));
const deliveries: readonly Delivery[] = [
  { channel: "email", outcome: "sent", attempts: 1 },
  { channel: "ntfy", outcome: "failed", attempts: 3, error: "HTTP 500 of tk_s3cret" },
  { channel: "webhook", outcome: "sent", attempts: 1 },
];

describe("pingChannels()", () => {
  test("tells the check of each channel that had something to send whether it got through", async () => {
    const { http, requests } = recordHttp();
    const clock = createVirtualClock();
    const skipped: Delivery = { channel: "telegram", outcome: "skipped", attempts: 0 };
    const request = { pings, deliveries: [...deliveries, skipped], http, clock, timeoutMs: 10_000 };
    expect(await clock.run(pingChannels(request))).toEqual([]);
    expect(requests.map(({ method, url, body }) => ({ method, url, body }))).toEqual([
      { method: "POST", url: "https://hc.example.org/ping/email/?x=1", body: "email: sent (1 attempts)" },
      { method: "POST", url: "https://hc.example.org/ping/ntfy/fail?x=1", body: "ntfy: failed (3 attempts)" },
    ]);
  });

  test("is over at its limit, and says what could not be told without the address", async () => {
    const clock = createVirtualClock();
    const http = () => new Promise<never>(() => undefined);
    const notes = await clock.run(pingChannels({ pings, deliveries, http, clock, timeoutMs: 10_000 }));
    expect(clock.monotonicMs()).toBe(10_000);
    expect(notes).toEqual([
      "The check of email was not told: no answer within 10 s",
      "The check of ntfy was not told: no answer within 10 s",
    ]);
  });
});
