/** What waits: sets for a store, messages for a channel; and channels that did not take the last one. */
import type { Settings } from "#lib/config/schema.ts";
import type { ChannelName } from "#lib/core/channel-ping.ts";
import type { HealthFinding } from "#lib/core/health.ts";
import type { FailedChannel } from "#lib/core/job-record.ts";
import { formatAgo, type JobView } from "#lib/health/job-view.ts";

export function judgeWaiting(view: JobView): readonly HealthFinding[] {
  return [...judgeUploads(view), judgeOutbox(view), ...judgeChannels(view)];
}

/** The name under which it is remembered. */
export function uploadsFinding(store: string): string {
  return `uploads ${store}`;
}

/** A run that is under way empties the queue, and what it has just queued is no problem: its end is waited for. */
function judgeUploads({ record, settings, config, now }: JobView): readonly HealthFinding[] {
  if (record.lock.isHeld) return [];
  return settings.STORES.map(({ name: store }): HealthFinding => {
    const name = uploadsFinding(store);
    const { count, oldestAt } = record.uploads[store] ?? { count: 0, oldestAt: undefined };
    const figure = { value: count, unit: "c", limit: 0 } as const;
    if (count === 0) return { name, severity: "ok", message: `Nothing waits for store ${store}` };
    const since = oldestAt === undefined ? "" : `, the oldest made ${formatAgo(oldestAt, now)}`;
    const message = `${count === 1 ? "1 set waits" : `${count} sets wait`} for store ${store}${since}`;
    const hint = `Once it can be reached the next run uploads them, or upload-waiting --config '${config}' now`;
    return { name, severity: "warning", message, figure, hint };
  });
}

function judgeOutbox({ record, now }: JobView): HealthFinding {
  const name = "outbox";
  const { count, oldestAt } = record.outbox;
  if (count === 0) return { name, severity: "ok", message: "No message waits in the outbox" };
  const since = oldestAt === undefined ? "" : `, the oldest of ${formatAgo(oldestAt, now)}`;
  const message = `${count === 1 ? "1 message waits" : `${count} messages wait`} in the outbox${since}`;
  const figure = { value: count, unit: "c", limit: 0 } as const;
  return {
    name,
    severity: "warning",
    message,
    figure,
    hint: "See what --test-notifications says of the channels",
  };
}

/** The setting without which a channel is none. */
const firstSettings: Readonly<Record<ChannelName, keyof Settings>> = {
  email: "EMAIL_TO",
  ntfy: "NTFY_TOPIC",
  pushover: "PUSHOVER_USER_KEY",
  telegram: "TELEGRAM_BOT_TOKEN",
  matrix: "MATRIX_HOMESERVER",
  gotify: "GOTIFY_URL",
  webhook: "WEBHOOK_URL",
  healthchecks: "HEALTHCHECKS_URL",
  "uptime-kuma": "UPTIME_KUMA_URL",
};

/** One that is not configured any more has nothing to take: its last failure would be told of for ever. */
function judgeChannels({ record, settings, config, now }: JobView): readonly HealthFinding[] {
  const first: Readonly<Record<string, keyof Settings>> = firstSettings;
  const isConfigured = ({ name }: FailedChannel) => {
    const key = first[name];
    const value = key === undefined ? undefined : settings[key];
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  };
  return record.failedChannels.filter(isConfigured).map(({ name, at, error }) => ({
    name: `channel ${name}`,
    severity: "warning",
    message: `${name} did not take the last message, ${formatAgo(at, now)}: ${error}`,
    hint: `Run backup-run --config '${config}' --test-notifications`,
  }));
}
