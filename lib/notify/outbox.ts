/**
 * Messages that could not be delivered, one file for each message and channel, until a later run delivers them.
 *
 * Names begin with the time, so they sort by age. A file that cannot be understood is moved aside, not dropped.
 */
import { mkdir, readdir, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Clock } from "#lib/core/deps.ts";
import { type Message, messageSchema } from "#lib/core/message.ts";
import { errorCode } from "#lib/core/ops-error.ts";
import type { Channel } from "#lib/notify/channel.ts";
import { sendWithRetries } from "#lib/notify/deliver.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

const queuedSchema = z.object({ schema: z.literal(1), channel: z.string(), message: messageSchema });

const messagesKept = 200;
const keptMs = 30 * 86_400_000;

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
  readonly notes: readonly string[];
}

/** Send what waits, oldest first, until the limit; a channel that fails again is not tried further. */
export async function redeliver({
  directory,
  channels,
  clock,
  timeoutMs,
}: RedeliverRequest): Promise<Redelivery> {
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  const names = (await listNames(directory)).toSorted();
  const notes: string[] = [];
  const failing = new Set<string>();
  let [sent, left] = [0, 0];
  for (const [index, name] of names.entries()) {
    const path = join(directory, name);
    const queued = await readQueued(path);
    if (queued === undefined) {
      await rename(path, `${path}.bad`);
      notes.push(`A message in the outbox was damaged and is kept as ${path}.bad`);
      continue;
    }
    const ageMs = clock.now().getTime() - Date.parse(queued.message.createdAt);
    if (names.length - index > messagesKept || ageMs > keptMs) {
      await unlink(path);
      notes.push(
        `Gave up on a message to ${queued.channel} of ${queued.message.createdAt}: ${queued.message.subject}`,
      );
      continue;
    }
    const channel = channels.find((one) => one.name === queued.channel);
    if (channel === undefined || failing.has(channel.name)) {
      left += 1;
      continue;
    }
    const { result } = await sendWithRetries(
      (attempt) => channel.send(markLate(queued.message), attempt),
      clock,
      deadlineMs,
    );
    if (result.ok) {
      await unlink(path);
      sent += 1;
    } else {
      failing.add(channel.name);
      left += 1;
    }
  }
  return { sent, left, notes };
}

function markLate(message: Message): Message {
  const first = `Delivered late: this report was made at ${message.createdAt}.\n\n`;
  return { ...message, body: first + message.body, summary: first + message.summary };
}

async function listNames(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith(".json"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

async function readQueued(path: string): Promise<z.infer<typeof queuedSchema> | undefined> {
  try {
    return queuedSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    if (errorCode(error) !== undefined) throw error;
    return undefined;
  }
}
