/** One message through its channels: all at once, each with bounded retries, all within one limit. Never throws. */
import { createHash } from "node:crypto";
import type { Clock } from "#lib/core/deps.ts";
import type { Message } from "#lib/core/message.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { Attempt, Channel, Purpose, SendResult } from "#lib/notify/channel.ts";

export interface Delivery {
  readonly channel: string;
  /** "skipped": the channel is not told of such outcomes. */
  readonly outcome: "sent" | "failed" | "skipped";
  readonly attempts: number;
  /** Why it failed, or who did not get what was sent. */
  readonly error?: string | undefined;
}

interface DeliverRequest {
  readonly channels: readonly Channel[];
  readonly message: Message;
  readonly clock: Clock;
  /** Limit of all channels together, in milliseconds. */
  readonly timeoutMs: number;
  /** Default "report". A "test" is sent whatever NOTIFY_ON says. */
  readonly purpose?: Purpose | undefined;
}

interface SendOptions {
  readonly purpose?: Purpose | undefined;
  /** What sets the pauses of this sender apart from those of others that failed at the same moment. */
  readonly seed?: string | undefined;
}

const attemptsAllowed = 3;
const attemptMs = 20_000;
const firstPauseMs = 1000;

export function deliver(request: DeliverRequest): Promise<Delivery[]> {
  const { channels, message, clock, timeoutMs, purpose = "report" } = request;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  return Promise.all(
    channels.map(async (channel): Promise<Delivery> => {
      const isWanted = purpose === "test" || isTold(channel, message);
      if (!isWanted) return { channel: channel.name, outcome: "skipped", attempts: 0 };
      const send = (attempt: Attempt) => channel.send(message, attempt);
      const seed = message.id + channel.name;
      const { result, attempts } = await sendWithRetries(send, clock, deadlineMs, { purpose, seed });
      return result.ok
        ? { channel: channel.name, outcome: "sent", attempts, error: result.warning }
        : { channel: channel.name, outcome: "failed", attempts, error: result.error };
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
  { purpose = "report", seed = "" }: SendOptions = {},
): Promise<{ readonly result: SendResult; readonly attempts: number }> {
  let result: SendResult = { ok: false, error: "no time was left to send it", isTemporary: true };
  let attempts = 0;
  while (clock.monotonicMs() < deadlineMs) {
    attempts += 1;
    result = await sendOnce(send, clock, purpose, Math.min(attemptMs, deadlineMs - clock.monotonicMs()));
    if (result.ok || !result.isTemporary || attempts === attemptsAllowed) break;
    const waitMs = Math.max(pauseAfter(attempts, seed), result.retryAfterMs ?? 0);
    if (clock.monotonicMs() + waitMs >= deadlineMs) break;
    await clock.sleep(waitMs);
  }
  return { result, attempts };
}

/** Twice as long each time, give or take half: servers whose cron strikes together do not come back together. */
function pauseAfter(attempts: number, seed: string): number {
  const chance = createHash("sha256").update(`${seed} ${attempts}`).digest().readUInt16BE() / 0xffff;
  return firstPauseMs * 2 ** (attempts - 1) * (0.5 + chance);
}

/** An attempt ends at its limit, also when the channel does not heed the signal. */
async function sendOnce(
  send: (attempt: Attempt) => Promise<SendResult>,
  clock: Clock,
  purpose: Purpose,
  timeoutMs: number,
): Promise<SendResult> {
  const ended = new AbortController();
  const error = `no answer within ${Math.round(timeoutMs / 100) / 10} s`;
  const late = clock
    .sleep(timeoutMs, ended.signal)
    .then((): SendResult => ({ ok: false, error, isTemporary: true }));
  const sent = (async () => send({ purpose, signal: ended.signal, timeoutMs }))();
  try {
    return await Promise.race([sent, late]);
  } catch (cause) {
    return { ok: false, error: describeError(cause), isTemporary: false };
  } finally {
    ended.abort(new Error(error));
  }
}
