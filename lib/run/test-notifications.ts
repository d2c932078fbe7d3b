import { createMessage } from "#lib/core/format-report.ts";
import { exitCodeOf } from "#lib/core/outcome.ts";
import { deliver } from "#lib/notify/deliver.ts";
import { createChannels } from "#lib/notify/registry.ts";
import { buildReport } from "#lib/run/ending.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { packageVersion } from "#lib/run/version.ts";

/** Send one message through every channel and say which arrived; 2 when one did not, or when there is none. */
export async function testNotifications(session: Session, job: Job): Promise<number> {
  const { world, deps, script, startedAt, runId } = session;
  const report = buildReport(
    {
      outcome: "complete",
      headline: "This is a test: messages of this job reach you this way",
      critical: true,
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
  if (message === undefined || channels.length === 0) {
    await world.stdout.write(
      "No channel is configured: set EMAIL_TO, NTFY_TOPIC, WEBHOOK_URL or HEALTHCHECKS_URL\n",
    );
    return exitCodeOf("failed");
  }
  const subject = `[TEST] ${script.name} ${job.settings.JOB} on ${job.host.name}`;
  const { clock } = deps;
  const deliveries = await deliver({
    channels,
    message: { ...message, subject },
    clock,
    timeoutMs: job.settings.NOTIFY_TIMEOUT,
    purpose: "test",
  });
  for (const { channel, outcome, error } of deliveries) {
    const words = outcome === "sent" ? "✓ accepted" : `✗ ${error}`;
    await world.stdout.write(`${channel}: ${job.redact(words)}\n`);
  }
  return exitCodeOf(deliveries.every((delivery) => delivery.outcome === "sent") ? "complete" : "failed");
}
