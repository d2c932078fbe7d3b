/** Every channel: a new one is one file here and one line below. */
import type { Channel, ChannelDeps, NotifyOn } from "#lib/notify/channel.ts";
import { createEmailChannel, type EmailSettings } from "#lib/notify/email.ts";
import { createHealthchecksChannel, type HealthchecksSettings } from "#lib/notify/healthchecks.ts";
import { createNtfyChannel, type NtfySettings } from "#lib/notify/ntfy.ts";
import { createWebhookChannel, type WebhookSettings } from "#lib/notify/webhook.ts";

export interface NotifySettings extends EmailSettings, NtfySettings, WebhookSettings, HealthchecksSettings {
  readonly NOTIFY_ON: NotifyOn;
  /** Milliseconds for all sending of one report together. */
  readonly NOTIFY_TIMEOUT: number;
}

/** The channels that the settings configure. */
export function createChannels(settings: NotifySettings, deps: ChannelDeps): Channel[] {
  const { NOTIFY_ON } = settings;
  return [
    createEmailChannel(settings, NOTIFY_ON, deps),
    createNtfyChannel(settings, NOTIFY_ON, deps),
    createWebhookChannel(settings, NOTIFY_ON, deps),
    createHealthchecksChannel(settings, deps),
  ].filter((channel) => channel !== undefined);
}
