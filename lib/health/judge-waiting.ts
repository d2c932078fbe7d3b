/** What waits: sets for a store, messages for a channel; and channels that did not take the last one. */
import type { HealthFinding } from "#lib/core/health.ts";
import { formatAgo, type JobView } from "#lib/health/job-view.ts";

export function judgeWaiting(view: JobView): readonly HealthFinding[] {
  return [...judgeUploads(view), judgeOutbox(view), ...judgeChannels(view)];
}

function judgeUploads({ record, settings, config, now }: JobView): readonly HealthFinding[] {
  return settings.STORES.map(({ name: store }): HealthFinding => {
    const name = `uploads ${store}`;
    const { count, oldestAt } = record.uploads[store] ?? { count: 0, oldestAt: undefined };
    const figure = { value: count, unit: "c", limit: 0 } as const;
    // What a run that is under way has just queued is no problem.
    if (count === 0 || record.lock.isHeld) {
      return {
        name,
        severity: "ok",
        message: count === 0 ? `Nothing waits for store ${store}` : "A run is at it",
      };
    }
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

function judgeChannels({ record, config, now }: JobView): readonly HealthFinding[] {
  return record.failedChannels.map(({ name, at, error }) => ({
    name: `channel ${name}`,
    severity: "warning",
    message: `${name} did not take the last message, ${formatAgo(at, now)}: ${error}`,
    hint: `Run backup-run --config '${config}' --test-notifications`,
  }));
}
