/** A check of its own for one channel: a healthchecks server is told whether the channel's messages get through. */
import type { Secret } from "#lib/core/secret.ts";

/** Every channel, as in the log and in the outbox. */
export const channelNames = [
  "email",
  "ntfy",
  "pushover",
  "telegram",
  "matrix",
  "gotify",
  "webhook",
  "healthchecks",
  "uptime-kuma",
] as const;

export type ChannelName = (typeof channelNames)[number];

export interface ChannelPing {
  readonly channel: ChannelName;
  readonly url: Secret;
}
