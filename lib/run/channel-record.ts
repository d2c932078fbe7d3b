/** `channels.json`: how each channel did with the last message that it was given. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Settings } from "#lib/config/schema.ts";
import { errorCode } from "#lib/core/ops-error.ts";
import type { Delivery } from "#lib/notify/deliver.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

const recordSchema = z.object({
  schema: z.literal(1),
  channels: z.record(
    z.string(),
    z.object({
      at: z.iso.datetime(),
      outcome: z.enum(["sent", "failed"]),
      error: z.string().optional(),
      /** What it did not take waits in the outbox. */
      isKept: z.boolean(),
    }),
  ),
});

export type ChannelRecord = z.infer<typeof recordSchema>["channels"];

export function channelsPath({ STATE_DIR, JOB }: Pick<Settings, "STATE_DIR" | "JOB">): string {
  return join(STATE_DIR, JOB, "channels.json");
}

/** Channels that were not told of the message are left as they were. */
export async function recordChannels(
  path: string,
  deliveries: readonly (Delivery & { readonly isKept: boolean })[],
  now: Date,
): Promise<void> {
  const at = now.toISOString();
  const told = deliveries.flatMap(({ channel, outcome, error, isKept }) =>
    outcome === "skipped" ? [] : [[channel, { at, outcome, error, isKept }] as const],
  );
  if (told.length === 0) return;
  const channels = { ...(await readChannels(path)).channels, ...Object.fromEntries(told) };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileDurably(path, `${JSON.stringify({ schema: 1, channels }, null, 2)}\n`, { mode: 0o600 });
}

/** What cannot be understood is written anew by the next message. */
export async function readChannels(
  path: string,
): Promise<{ readonly channels: ChannelRecord; readonly problem?: string }> {
  try {
    return { channels: recordSchema.parse(JSON.parse(await readFile(path, "utf8"))).channels };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { channels: {} };
    return { channels: {}, problem: `Cannot understand "${path}": it is damaged, or of a newer version` };
  }
}
