/**
 * Messages that could not be delivered, one file for each message and channel, until a later run delivers them.
 *
 * Names begin with the time, so they sort by age. A file that cannot be understood is moved aside, not dropped.
 */
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Clock } from "#lib/core/deps.ts";
import { type Message, messageSchema } from "#lib/core/message.ts";
import { describeError, errorCode } from "#lib/core/ops-error.ts";
import type { Attempt, Channel } from "#lib/notify/channel.ts";
import { sendWithRetries } from "#lib/notify/deliver.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

const queuedSchema = z.object({ schema: z.literal(1), channel: z.string(), message: messageSchema });

const messagesKept = 200;
const keptMs = 30 * 86_400_000;
const refusalsAllowed = 3;

/** Keep a message for a channel that did not take it. */
export async function putInOutbox(directory: string, channel: string, message: Message): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const stamp = message.createdAt.replaceAll(/[^0-9]/g, "").slice(0, 17);
  const path = join(directory, `${stamp}-${message.id}-${channel}.json`);
  await writeFileDurably(path, `${JSON.stringify({ schema: 1, channel, message })}\n`, { mode: 0o600 });
}

interface RedeliverRequest {
  readonly directory: string;
  readonly channels: readonly Channel[];
  readonly clock: Clock;
  readonly timeoutMs: number;
}

export interface Redelivery {
  readonly sent: number;
  readonly left: number;
  /** What was given up, moved aside or could not be read. */
  readonly notes: readonly string[];
}

/**
 * Send what waits until the limit: to all channels at once, to each the oldest first, so that one which hangs does not use up
 * the time of the others.
 *
 * A channel that does not answer is not tried further, and one that refuses three messages neither; a single message that
 * is refused does not hold up those behind it.
 */
export async function redeliver({
  directory,
  channels,
  clock,
  timeoutMs,
}: RedeliverRequest): Promise<Redelivery> {
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  const notes: string[] = [];
  const waiting = await listWaiting(directory, clock, notes);
  const sent = await Promise.all(
    channels.map((channel) => {
      const paths = waiting.filter((one) => one.channel === channel.name).map(({ path }) => path);
      return sendQueue(channel, paths, clock, deadlineMs, notes);
    }),
  );
  const gone = sent.reduce((sum, counts) => sum + counts.gone, 0);
  const total = sent.reduce((sum, counts) => sum + counts.sent, 0);
  return { sent: total, left: waiting.length - total - gone, notes };
}

/** Oldest first. What is too old, or too many, is given up and noted. */
async function listWaiting(directory: string, clock: Clock, notes: string[]) {
  const names = await listNames(directory);
  const excess = names.length - messagesKept;
  const waiting: { readonly path: string; readonly channel: string }[] = [];
  for (const [index, name] of names.entries()) {
    const path = join(directory, name);
    const queued = await readQueued(path, notes);
    if (queued === undefined) continue;
    const { message, channel } = queued;
    if (index < excess || clock.now().getTime() - Date.parse(message.createdAt) > keptMs) {
      await remove(path);
      notes.push(`Gave up on a message to ${channel} of ${message.createdAt}: ${message.subject}`);
    } else waiting.push({ path, channel });
  }
  return waiting;
}

async function sendQueue(
  channel: Channel,
  paths: readonly string[],
  clock: Clock,
  deadlineMs: number,
  notes: string[],
): Promise<{ readonly sent: number; readonly gone: number }> {
  let [sent, gone, refused] = [0, 0, 0];
  for (const path of paths) {
    if (refused >= refusalsAllowed) break;
    const queued = await readQueued(path, notes);
    if (queued === undefined) {
      gone += 1;
      continue;
    }
    const { message } = queued;
    const send = (attempt: Attempt) => channel.send(markLate(message), attempt);
    const { result } = await sendWithRetries(send, clock, deadlineMs, { purpose: "late", seed: message.id });
    if (result.ok) {
      await remove(path);
      sent += 1;
    } else refused = result.isTemporary ? refusalsAllowed : refused + 1;
  }
  return { sent, gone };
}

function markLate(message: Message): Message {
  const first = `Delivered late: this report was made at ${message.createdAt}.\n\n`;
  return { ...message, body: first + message.body, summary: first + message.summary };
}

/** Oldest first. */
async function listNames(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names.filter((name) => name.endsWith(".json")).sort((a, b) => (a < b ? -1 : 1));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** Undefined for what cannot be sent, which is noted, unless another process has just sent it. */
async function readQueued(path: string, notes: string[]): Promise<z.infer<typeof queuedSchema> | undefined> {
  try {
    return queuedSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return undefined;
    if (code !== undefined) {
      notes.push(`A message in the outbox cannot be read: ${describeError(error)}`);
      return undefined;
    }
    await rename(path, `${path}.bad`);
    notes.push(`A message in the outbox was damaged and is kept as ${path}.bad`);
    return undefined;
  }
}

/** No error when another process has sent it as well. */
async function remove(path: string): Promise<void> {
  await rm(path, { force: true });
}
