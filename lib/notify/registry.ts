/** Every channel: a new one is one file here and one line below. */
import type { Channel, ChannelDeps, NotifyOn } from "#lib/notify/channel.ts";
import { createEmailChannel, type EmailSettings } from "#lib/notify/email.ts";
import { createGotifyChannel, type GotifySettings } from "#lib/notify/gotify.ts";
import { createHealthchecksChannel, type HealthchecksSettings } from "#lib/notify/healthchecks.ts";
import { createMatrixChannel, type MatrixSettings } from "#lib/notify/matrix.ts";
import { createNtfyChannel, type NtfySettings } from "#lib/notify/ntfy.ts";
import { createPushoverChannel, type PushoverSettings } from "#lib/notify/pushover.ts";
import { createTelegramChannel, type TelegramSettings } from "#lib/notify/telegram.ts";
import { createUptimeKumaChannel, type UptimeKumaSettings } from "#lib/notify/uptime-kuma.ts";
import { createWebhookChannel, type WebhookSettings } from "#lib/notify/webhook.ts";

export interface NotifySettings
  extends EmailSettings,
    NtfySettings,
    PushoverSettings,
    TelegramSettings,
    MatrixSettings,
    GotifySettings,
    WebhookSettings,
    HealthchecksSettings,
    UptimeKumaSettings {
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
    createPushoverChannel(settings, NOTIFY_ON, deps),
    createTelegramChannel(settings, NOTIFY_ON, deps),
    createMatrixChannel(settings, NOTIFY_ON, deps),
    createGotifyChannel(settings, NOTIFY_ON, deps),
    createWebhookChannel(settings, NOTIFY_ON, deps),
    createHealthchecksChannel(settings, deps),
    createUptimeKumaChannel(settings, deps),
  ].filter((channel) => channel !== undefined);
}
