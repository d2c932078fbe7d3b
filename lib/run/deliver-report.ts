/**
 * A report to whoever must hear of it: what waited in the outbox first, then this one; what no channel takes is kept.
 *
 * With a deadline of its own, not the run's signal: a run that is being stopped is reported too. Nothing here throws, and
 * nothing here changes an outcome.
 */
import type { Settings } from "#lib/config/schema.ts";
import { createMessage, formatLogLine } from "#lib/core/format-report.ts";
import type { Message } from "#lib/core/message.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { Report } from "#lib/core/report.ts";
import type { Channel } from "#lib/notify/channel.ts";
import { type Delivery, deliver, sendWithRetries } from "#lib/notify/deliver.ts";
import { putInOutbox, redeliver } from "#lib/notify/outbox.ts";
import { pingChannels } from "#lib/notify/ping-channels.ts";
import { createChannels } from "#lib/notify/registry.ts";
import { channelsPath, recordChannels } from "#lib/run/channel-record.ts";
import { outboxDirectory } from "#lib/run/outbox-directory.ts";
import type { Session } from "#lib/run/session.ts";
import { withDeadline } from "#lib/tools/deadline.ts";
import { writeSyslog, writeToTerminals } from "#lib/tools/last-resort.ts";

/** What delivery needs of a job; a broken configuration may still have it. */
export interface Addressee {
  readonly settings: Settings;
}

/** Old messages may take this part of the time, so that they cannot keep the new one from being sent. */
const outboxShare = 0.4;
const pingMs = 10_000;

export async function deliverReport(
  session: Session,
  { settings }: Addressee,
  report: Report,
  /** Of its message; a run that says more than one thing has more than one. */
  id: string = report.runId,
): Promise<void> {
  const message = createMessage(report, id);
  const channels = createChannels(settings, session.deps);
  if (message !== undefined) await deliverMessage(session, { settings }, report, message, channels);
}

/** The same for a message of one's own by these channels. */
export async function deliverMessage(
  session: Session,
  { settings }: Addressee,
  report: Report,
  message: Message,
  channels: readonly Channel[],
): Promise<void> {
  const { clock } = session.deps;
  const deadlineMs = clock.monotonicMs() + settings.NOTIFY_TIMEOUT;
  await emptyOutbox(session, settings, channels);
  const timeoutMs = deadlineMs - clock.monotonicMs();
  const deliveries = await deliver({ channels, message, clock, timeoutMs });
  const momentary = new Set(channels.filter(({ isMomentary }) => isMomentary).map(({ name }) => name));
  for (const delivery of deliveries) {
    sayDelivery(session, delivery);
    if (delivery.outcome !== "failed" || momentary.has(delivery.channel)) continue;
    await keep(session, settings, delivery.channel, message);
  }
  const told = deliveries.map((one) => ({ ...one, isKept: !momentary.has(one.channel) }));
  await recordDeliveries(session, settings, told);
  await pingChecks(session, settings, deliveries);
  const isHeard = deliveries.some((delivery) => delivery.outcome === "sent");
  const isUnwanted = deliveries.length > 0 && deliveries.every((delivery) => delivery.outcome === "skipped");
  if (!isHeard && !isUnwanted && message.severity !== "ok") await lastResort(session, message, report);
}

/** Send what waits, within a part of NOTIFY_TIMEOUT; what stays is told in the log. */
export async function emptyOutbox(
  session: Session,
  settings: Settings,
  channels: readonly Channel[],
): Promise<void> {
  const { log, deps } = session;
  try {
    const directory = outboxDirectory(settings);
    const timeoutMs = settings.NOTIFY_TIMEOUT * outboxShare;
    // The directory may hang: the new message is more than the old ones.
    const { sent, left, notes } = await withDeadline(
      redeliver({ directory, channels, clock: deps.clock, timeoutMs }),
      timeoutMs + settings.FS_TIMEOUT,
      `empty "${directory}"`,
    );
    if (sent > 0) log.info("outbox.sent", `Sent ${countMessages(sent)} from the outbox`);
    if (left > 0) log.warning("outbox.waiting", `${countMessages(left)} left in ${directory}`);
    for (const note of notes) log.warning("outbox.note", note);
  } catch (error) {
    log.warning("outbox.failed", `Cannot empty the outbox: ${describeError(error)}`);
  }
}

function countMessages(count: number): string {
  return count === 1 ? "1 message" : `${count} messages`;
}

function sayDelivery({ log }: Session, { channel, outcome, attempts, error }: Delivery): void {
  if (outcome === "sent" && error === undefined) log.info("message.sent", `Sent by ${channel}`);
  if (outcome === "sent" && error !== undefined)
    log.warning("message.sent", `Sent by ${channel}, but ${error}`);
  if (outcome === "failed")
    log.warning("message.failed", `Not sent by ${channel} (${attempts} attempts): ${error}`);
}

async function pingChecks(
  { deps, log }: Session,
  settings: Settings,
  deliveries: readonly Delivery[],
): Promise<void> {
  const { http, clock } = deps;
  const pings = settings.CHANNEL_PINGS;
  for (const note of await pingChannels({ pings, deliveries, http, clock, timeoutMs: pingMs }))
    log.warning("check.untold", note);
}

async function recordDeliveries(
  { deps, log }: Session,
  settings: Settings,
  deliveries: Parameters<typeof recordChannels>[1],
): Promise<void> {
  try {
    // A server may send back in its refusal what it was given.
    const masked = deliveries.map((delivery) =>
      delivery.error === undefined ? delivery : { ...delivery, error: log.redact(delivery.error) },
    );
    const path = channelsPath(settings);
    const recorded = recordChannels(path, masked, deps.clock.now());
    await withDeadline(recorded, settings.FS_TIMEOUT, `write "${path}"`);
  } catch (error) {
    log.warning("channels.unrecorded", `Cannot record how the channels did: ${describeError(error)}`);
  }
}

async function keep(session: Session, settings: Settings, channel: string, message: Message): Promise<void> {
  try {
    const directory = outboxDirectory(settings);
    await withDeadline(putInOutbox(directory, channel, message), settings.FS_TIMEOUT, `write "${directory}"`);
  } catch (error) {
    session.log.error("outbox.full", `Cannot keep the message to ${channel}: ${describeError(error)}`);
  }
}

/** Nobody was told: the system's log, and open terminals when a person is needed now. Stderr has it already. */
async function lastResort({ deps }: Session, message: Message, report: Report): Promise<void> {
  const line = `${message.subject}: ${formatLogLine(report)}`;
  await writeSyslog(deps.exec, line);
  if (message.critical) await writeToTerminals(deps.exec, `${message.subject}\n\n${message.summary}`);
}

/** Say that a run has begun, to channels that listen for it. A failure is told in the log and stops nothing. */
export async function deliverStart(session: Session, { settings }: Addressee): Promise<void> {
  const { clock } = session.deps;
  const deadlineMs = clock.monotonicMs() + pingMs;
  await Promise.all(
    createChannels(settings, session.deps).map(async ({ name, sendStart }) => {
      if (sendStart === undefined) return;
      const { result } = await sendWithRetries(
        (attempt) => sendStart(session.runId, attempt),
        clock,
        deadlineMs,
      );
      if (!result.ok) session.log.warning("start.unsent", `Start not told by ${name}: ${result.error}`);
    }),
  );
}
