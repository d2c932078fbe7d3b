/** One message through its channels: all at once, each with bounded retries, all within one limit. Never throws. */
import type { Clock } from "#lib/core/deps.ts";
import type { Message } from "#lib/core/message.ts";
import type { Attempt, Channel, SendResult } from "#lib/notify/channel.ts";

export interface Delivery {
  readonly channel: string;
  /** "skipped": the channel is not told of such outcomes. */
  readonly outcome: "sent" | "failed" | "skipped";
  readonly attempts: number;
  readonly error?: string | undefined;
}

interface DeliverRequest {
  readonly channels: readonly Channel[];
  readonly message: Message;
  readonly clock: Clock;
  /** Limit of all channels together, in milliseconds. */
  readonly timeoutMs: number;
}

const attemptsAllowed = 3;
const attemptMs = 20_000;
const firstPauseMs = 500;

export function deliver({ channels, message, clock, timeoutMs }: DeliverRequest): Promise<Delivery[]> {
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  return Promise.all(
    channels.map(async (channel): Promise<Delivery> => {
      if (!isTold(channel, message)) return { channel: channel.name, outcome: "skipped", attempts: 0 };
      const { result, attempts } = await sendWithRetries(
        (attempt) => channel.send(message, attempt),
        clock,
        deadlineMs,
      );
      if (result.ok) return { channel: channel.name, outcome: "sent", attempts };
      return { channel: channel.name, outcome: "failed", attempts, error: result.error };
    }),
  );
}

/** Whether a channel is told of a message: by its NOTIFY_ON, which CRITICAL ignores. */
export function isTold({ notifyOn }: Pick<Channel, "notifyOn">, { severity, critical }: Message): boolean {
  if (notifyOn === undefined || notifyOn === "always" || critical) return true;
  return severity !== "ok" && (notifyOn === "warning" || severity !== "warning");
}

/** Up to three attempts with a growing pause, as long as the deadline allows and the failure may pass. */
export async function sendWithRetries(
  send: (attempt: Attempt) => Promise<SendResult>,
  clock: Clock,
  deadlineMs: number,
): Promise<{ readonly result: SendResult; readonly attempts: number }> {
  let result: SendResult = { ok: false, error: "no time was left to send it", isTemporary: true };
  let attempts = 0;
  let pauseMs = firstPauseMs;
  while (attempts < attemptsAllowed) {
    const leftMs = deadlineMs - clock.monotonicMs();
    if (leftMs <= 0) break;
    attempts += 1;
    result = await sendOnce(send, Math.min(attemptMs, leftMs));
    if (result.ok || !result.isTemporary) break;
    const waitMs = Math.max(pauseMs, result.retryAfterMs ?? 0);
    if (attempts === attemptsAllowed || clock.monotonicMs() + waitMs >= deadlineMs) break;
    await clock.sleep(waitMs);
    pauseMs *= 2;
  }
  return { result, attempts };
}

/** An attempt ends at its limit, also when the channel does not heed the signal. */
async function sendOnce(
  send: (attempt: Attempt) => Promise<SendResult>,
  timeoutMs: number,
): Promise<SendResult> {
  const signal = AbortSignal.timeout(Math.ceil(timeoutMs));
  const late = new Promise<SendResult>((resolve) => {
    const words = `no answer within ${Math.round(timeoutMs / 100) / 10} s`;
    signal.addEventListener("abort", () => resolve({ ok: false, error: words, isTemporary: true }), {
      once: true,
    });
  });
  try {
    return await Promise.race([send({ signal, timeoutMs }), late]);
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error), isTemporary: false };
  }
}
