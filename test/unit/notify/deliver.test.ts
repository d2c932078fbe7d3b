import { describe, expect, test } from "bun:test";
import type { Attempt, Channel, SendResult } from "#lib/notify/channel.ts";
import { deliver, isTold } from "#lib/notify/deliver.ts";
import { createTestMessage } from "#test/support/report.ts";
import { createVirtualClock, type VirtualClock } from "#test/support/virtual-clock.ts";

const ok: SendResult = { ok: true };
const busy: SendResult = { ok: false, error: "HTTP 500", isTemporary: true };
const wrong: SendResult = { ok: false, error: "HTTP 401", isTemporary: false };
const never = new Promise<never>(() => undefined);

/** A channel that gives these answers in turn, the last one for ever, and when it was asked. */
function scripted(clock: VirtualClock, ...answers: readonly (SendResult | Promise<never>)[]) {
  const askedMs: number[] = [];
  const attempts: Attempt[] = [];
  const channel: Channel = {
    name: "scripted",
    notifyOn: "always",
    send: async (_message, attempt) => {
      attempts.push(attempt);
      askedMs.push(clock.monotonicMs());
      return answers[Math.min(askedMs.length, answers.length) - 1] ?? ok;
    },
  };
  return { channel, askedMs, attempts };
}

const message = createTestMessage();

describe("deliver()", () => {
  test("sends through every channel, and one that fails does not hinder another", async () => {
    const clock = createVirtualClock();
    const [bad, good] = [scripted(clock, wrong), scripted(clock, ok)];
    const channels = [bad.channel, { ...good.channel, name: "good" }];
    expect(await clock.run(deliver({ channels, message, clock, timeoutMs: 60_000 }))).toEqual([
      { channel: "scripted", outcome: "failed", attempts: 1, error: "HTTP 401" },
      { channel: "good", outcome: "sent", attempts: 1, error: undefined },
    ]);
  });

  test("tries three times with a growing pause what may pass", async () => {
    for (let id = 0; id < 20; id += 1) {
      const clock = createVirtualClock();
      const { channel, askedMs } = scripted(clock, busy);
      const request = { channels: [channel], message: { ...message, id: `${id}` }, clock, timeoutMs: 60_000 };
      const [delivery] = await clock.run(deliver(request));
      expect(delivery).toMatchObject({ outcome: "failed", attempts: 3, error: "HTTP 500" });
      const [first = Number.NaN, second = 0, third = 0] = askedMs;
      expect(first).toBe(0);
      expect(second - first).toBeWithin(500, 1501);
      expect(third - second).toBeWithin(1000, 3001);
    }
  });

  test("sends nothing when there is no time", async () => {
    const clock = createVirtualClock();
    const { channel, attempts } = scripted(clock, ok);
    const [delivery] = await clock.run(deliver({ channels: [channel], message, clock, timeoutMs: 0 }));
    expect(delivery).toMatchObject({ outcome: "failed", attempts: 0, error: "no time was left to send it" });
    expect(attempts).toEqual([]);
  });

  test("pauses differently for different messages, and alike for the same", async () => {
    const pauseOf = async (id: string) => {
      const clock = createVirtualClock();
      const { channel, askedMs } = scripted(clock, busy, ok);
      const request = { channels: [channel], message: { ...message, id }, clock, timeoutMs: 60_000 };
      await clock.run(deliver(request));
      return askedMs[1];
    };
    expect(await pauseOf("a")).toBe(await pauseOf("a"));
    expect(await pauseOf("a")).not.toBe(await pauseOf("b"));
  });

  test("ends with the attempt that succeeds", async () => {
    const clock = createVirtualClock();
    const { channel } = scripted(clock, busy, ok);
    const [delivery] = await clock.run(deliver({ channels: [channel], message, clock, timeoutMs: 60_000 }));
    expect(delivery).toMatchObject({ outcome: "sent", attempts: 2 });
  });

  test("waits as long as the server asks", async () => {
    const clock = createVirtualClock();
    const { channel, askedMs } = scripted(clock, { ...busy, retryAfterMs: 12_000 }, ok);
    await clock.run(deliver({ channels: [channel], message, clock, timeoutMs: 60_000 }));
    expect(askedMs).toEqual([0, 12_000]);
  });

  test("gives up at once when the server asks for more time than there is", async () => {
    const clock = createVirtualClock();
    const { channel } = scripted(clock, { ...busy, retryAfterMs: 61_000 });
    const [delivery] = await clock.run(deliver({ channels: [channel], message, clock, timeoutMs: 60_000 }));
    expect(delivery).toMatchObject({ outcome: "failed", attempts: 1 });
    expect(clock.monotonicMs()).toBe(0);
  });

  test("ends an attempt after 20 s, tells the channel, and tries again", async () => {
    const clock = createVirtualClock();
    const { channel, askedMs, attempts } = scripted(clock, never, ok);
    const [delivery] = await clock.run(deliver({ channels: [channel], message, clock, timeoutMs: 60_000 }));
    expect(delivery).toMatchObject({ outcome: "sent", attempts: 2 });
    expect(attempts[0]?.signal.aborted).toBe(true);
    expect(askedMs[1]).toBeWithin(20_500, 21_501);
  });

  test("is over at its limit although no channel ever answers or heeds the signal", async () => {
    const clock = createVirtualClock();
    const { channel } = scripted(clock, never);
    const [delivery] = await clock.run(deliver({ channels: [channel], message, clock, timeoutMs: 30_000 }));
    expect(delivery?.outcome).toBe("failed");
    expect(delivery?.error).toMatch(/^no answer within \d+(\.\d)? s$/);
    expect(clock.monotonicMs()).toBe(30_000);
  });

  test("turns what a channel throws into a failure that is not repeated", async () => {
    const clock = createVirtualClock();
    const channel: Channel = {
      name: "broken",
      notifyOn: "always",
      send: () => {
        throw new TypeError("x is undefined", { cause: new Error("deep down") });
      },
    };
    expect(await clock.run(deliver({ channels: [channel], message, clock, timeoutMs: 1000 }))).toEqual([
      { channel: "broken", outcome: "failed", attempts: 1, error: "x is undefined: deep down" },
    ]);
  });

  test("says who did not get what was sent", async () => {
    const clock = createVirtualClock();
    const { channel } = scripted(clock, { ok: true, warning: "not taken: x@y.z" });
    const [delivery] = await clock.run(deliver({ channels: [channel], message, clock, timeoutMs: 1000 }));
    expect(delivery).toMatchObject({ outcome: "sent", error: "not taken: x@y.z" });
  });

  test("skips a channel that is not told of such outcomes, unless it is being tested", async () => {
    const clock = createVirtualClock();
    const { channel, attempts } = scripted(clock, ok);
    const channels = [{ ...channel, notifyOn: "failure" as const }];
    const good = createTestMessage({ outcome: "complete" });
    const request = { channels, message: good, clock, timeoutMs: 1000 };
    expect(await clock.run(deliver(request))).toEqual([
      { channel: "scripted", outcome: "skipped", attempts: 0 },
    ]);
    const [tested] = await clock.run(deliver({ ...request, purpose: "test" }));
    expect(tested?.outcome).toBe("sent");
    expect(attempts.map(({ purpose }) => purpose)).toEqual(["test"]);
  });
});

describe("isTold()", () => {
  const failures = ["failed", "bug", "denied", "config", "usage", "interrupted"] as const;

  test.each([
    ["failure", [...failures]],
    ["warning", [...failures, "partial"]],
    ["always", [...failures, "partial", "complete"]],
    [undefined, [...failures, "partial", "complete"]],
  ] as const)("with NOTIFY_ON=%p tells of %j alone", (notifyOn, told) => {
    const outcomes = [...failures, "partial", "complete"] as const;
    const heard = outcomes.filter((outcome) => isTold({ notifyOn }, createTestMessage({ outcome })));
    expect<readonly string[]>(heard).toEqual(told);
  });

  test("tells everybody of what is CRITICAL", () => {
    const critical = createTestMessage({ outcome: "complete", critical: true });
    expect(isTold({ notifyOn: "failure" }, critical)).toBe(true);
  });
});
