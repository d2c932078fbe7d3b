/**
 * The page by mail: jobs that report to the same addresses by the same way share one. What a mail server does not take waits in
 * the outbox of its first job, whose next run sends it.
 */
import type { Settings } from "#lib/config/schema.ts";
import type { Message } from "#lib/core/message.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { Overview } from "#lib/core/overview.ts";
import { isSecret } from "#lib/core/secret.ts";
import type { Attempt, SendResult } from "#lib/notify/channel.ts";
import { sendWithRetries } from "#lib/notify/deliver.ts";
import { createEmailChannel, type EmailSettings } from "#lib/notify/email.ts";
import { putInOutbox } from "#lib/notify/outbox.ts";
import type { LoadedJob } from "#lib/run/checked-jobs.ts";
import { outboxDirectory } from "#lib/run/outbox-directory.ts";
import type { Session } from "#lib/run/session.ts";

type Draw = (isShown: (job: LoadedJob) => boolean) => Overview;

/** Throws OpsError: "config" when nobody can be written to, "partial" when some mail was not taken. */
export async function mailOverview(
  session: Session,
  loaded: readonly LoadedJob[],
  now: Date,
  draw: Draw,
): Promise<void> {
  const addressed = loaded.flatMap(({ settings }) =>
    settings === undefined || settings.EMAIL_TO.length === 0 ? [] : [settings],
  );
  const groups = [...Map.groupBy(addressed, mailKey).values()];
  if (groups.length === 0) {
    const hint = "Set EMAIL_TO, and SMTP_HOST or SENDMAIL, in its configuration";
    throw new OpsError("No job says whom to mail the page to", { outcome: "config", hint });
  }
  const problems: string[] = [];
  for (const [index, group] of groups.entries()) {
    session.signal.throwIfAborted();
    const [first] = group;
    if (first === undefined) continue;
    // Of a job that cannot even be read nobody knows whom it concerns.
    const overview = draw(({ settings }) => settings === undefined || group.includes(settings));
    const message = composeMessage(session, first.HOST_NAME, `${session.runId}-${index + 1}`, now, overview);
    const problem = await send(session, first, message);
    if (problem !== undefined) problems.push(problem);
  }
  const [first] = problems;
  if (first === undefined) return;
  const hint = "The next backup or health check sends it; --test-notifications tries the channel";
  throw new OpsError(`Cannot mail the page: ${first}`, { outcome: "partial", hint, problems });
}

function mailKey(settings: EmailSettings): string {
  const { EMAIL_TO, EMAIL_FROM, EMAIL_SUBJECT_PREFIX, EMAIL_METHOD, SENDMAIL } = settings;
  const { SMTP_HOST, SMTP_PORT, SMTP_SECURITY, SMTP_USER, SMTP_PASSWORD, SMTP_CA_FILE } = settings;
  const way = [EMAIL_TO, EMAIL_FROM, EMAIL_SUBJECT_PREFIX, EMAIL_METHOD, SENDMAIL];
  const server = [SMTP_HOST, SMTP_PORT, SMTP_SECURITY, SMTP_USER, SMTP_PASSWORD, SMTP_CA_FILE];
  return JSON.stringify([way, server], (_key, value) => (isSecret(value) ? value.reveal() : value));
}

function composeMessage(
  { runId, script }: Session,
  host: string,
  id: string,
  now: Date,
  { page, lines, badCount }: Overview,
): Message {
  const count = lines.length === 1 ? "1 job" : `${lines.length} jobs`;
  const verdict = badCount === 0 ? "all complete" : `${badCount} not complete`;
  const summary = `${count}, ${verdict}:\n${lines.map((line) => `  ${line}\n`).join("")}`;
  return {
    id,
    runId,
    host,
    job: count,
    script: script.name,
    outcome: "complete",
    exitCode: 0,
    severity: "ok",
    critical: false,
    createdAt: now.toISOString(),
    subject: `[REPORT] Backups of ${host}: ${count}, ${verdict}`,
    summary,
    body: `${summary}\nThe attached page has the runs and the charts; a browser shows it without the network.\n`,
    reportJson: JSON.stringify({ schema: 1, host, jobs: lines }),
    attachment: {
      name: `backups-${host.replaceAll(/[^A-Za-z0-9-]/g, "-")}-${now.toISOString().slice(0, 10)}.html`,
      contentType: "text/html; charset=utf-8",
      text: page,
    },
  };
}

/** Resolves to what went wrong. */
async function send(
  { deps, log, signal }: Session,
  settings: Settings,
  message: Message,
): Promise<string | undefined> {
  const channel = createEmailChannel(settings, "always", deps);
  if (channel === undefined) return undefined;
  const { clock } = deps;
  const deadlineMs = clock.monotonicMs() + settings.NOTIFY_TIMEOUT;
  const sendOnce = async (attempt: Attempt): Promise<SendResult> => {
    const either = AbortSignal.any([attempt.signal, signal]);
    const sent = await channel.send(message, { ...attempt, signal: either });
    return sent.ok || !signal.aborted ? sent : { ...sent, isTemporary: false };
  };
  const { result } = await sendWithRetries(sendOnce, clock, deadlineMs, { seed: message.id });
  if (result.ok) {
    if (result.warning === undefined) log.info("page.mailed", `Mailed to ${settings.EMAIL_TO.join(", ")}`);
    else log.warning("page.mailed", `Mailed, but ${result.warning}`);
    return undefined;
  }
  try {
    await putInOutbox(outboxDirectory(settings), channel.name, message);
    return result.error;
  } catch (error) {
    return `${result.error}; and it cannot be kept for later: ${describeError(error)}`;
  }
}
