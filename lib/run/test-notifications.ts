import { createMessage } from "#lib/core/format-report.ts";
import { exitCodeOf } from "#lib/core/outcome.ts";
import { type Delivery, deliver } from "#lib/notify/deliver.ts";
import { createChannels } from "#lib/notify/registry.ts";
import { buildReport } from "#lib/run/ending.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { packageVersion } from "#lib/run/version.ts";

const noChannel =
  "No channel is configured: set EMAIL_TO, NTFY_TOPIC, PUSHOVER_USER_KEY, TELEGRAM_BOT_TOKEN, MATRIX_HOMESERVER, " +
  "GOTIFY_URL, WEBHOOK_URL, HEALTHCHECKS_URL or UPTIME_KUMA_URL";

/** Send one message through every channel and say which arrived; 2 when one did not, or when there is none. */
export async function testNotifications(session: Session, job: Job): Promise<number> {
  const { world, deps, script, startedAt, runId, flags } = session;
  const report = buildReport(
    {
      outcome: "complete",
      headline: "This is a test: messages of this job reach you this way",
      problems: [],
      notes: [],
      findings: [],
      parts: [],
    },
    {
      script: script.name,
      job: job.settings.JOB,
      host: job.host.name,
      runId,
      version: packageVersion,
      isDryRun: false,
      startedAt,
      endedAt: deps.clock.now(),
      busyExit: undefined,
      extraNotes: [],
      logFile: undefined,
      logTail: [],
      redact: job.redact,
    },
  );
  const message = createMessage(report, runId);
  const channels = createChannels(job.settings, deps);
  const subject = `[TEST] ${script.name} ${job.settings.JOB} on ${job.host.name}`;
  // As loud as a warning: good news makes no sound, and an emergency would ring until somebody acknowledges it.
  const sent =
    message === undefined
      ? []
      : await deliver({
          channels,
          message: { ...message, subject, severity: "warning" },
          clock: deps.clock,
          timeoutMs: job.settings.NOTIFY_TIMEOUT,
          purpose: "test",
        });
  const deliveries = sent.map((delivery) => ({
    ...delivery,
    error: delivery.error === undefined ? undefined : job.redact(delivery.error),
  }));
  const isHeard = deliveries.length > 0 && deliveries.every((delivery) => delivery.outcome === "sent");
  const outcome = isHeard ? "complete" : "failed";
  const format = flags?.isJson === true ? formatJson : formatLines;
  await world.stdout.write(format(deliveries, outcome));
  return exitCodeOf(outcome);
}

function formatLines(deliveries: readonly Delivery[]): string {
  if (deliveries.length === 0) return `${noChannel}\n`;
  return deliveries
    .map(({ channel, outcome, error }) => {
      const warning = error === undefined ? "" : `, but ${error}`;
      return `${channel}: ${outcome === "sent" ? `✓ accepted${warning}` : `✗ ${error}`}\n`;
    })
    .join("");
}

function formatJson(deliveries: readonly Delivery[], outcome: "complete" | "failed"): string {
  const problems = deliveries.length === 0 ? [noChannel] : [];
  return `${JSON.stringify({ schema: 1, outcome, exitCode: exitCodeOf(outcome), deliveries, problems }, null, 2)}\n`;
}
