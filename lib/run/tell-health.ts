/**
 * Who is told what of a health check. Jobs that have the same channels share one message: a disk that is full is no news fifty
 * times over. What is wrong with the machine, and with configurations that cannot even be read, is told to everybody.
 */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Settings, settingSections } from "#lib/config/schema.ts";
import { createMessage } from "#lib/core/format-report.ts";
import type { Health, HealthFinding, JobHealth } from "#lib/core/health.ts";
import { emptyMemory, type HealthMemory } from "#lib/core/health-memory.ts";
import { composeHealthMessage, type HealthMessage, type Told } from "#lib/core/health-message.ts";
import { addSamples, planNews } from "#lib/core/health-news.ts";
import { describeError } from "#lib/core/ops-error.ts";
import { isSecret } from "#lib/core/secret.ts";
import { buildReport } from "#lib/run/ending.ts";
import { memoryPath, readMemory, writeMemory } from "#lib/run/health-memory.ts";
import type { Session } from "#lib/run/session.ts";
import { packageVersion } from "#lib/run/version.ts";
import { withDeadline } from "#lib/tools/deadline.ts";

/** A job with what a check found of it. */
export interface Examined {
  /** What of its configuration is valid; undefined when it cannot be read. */
  readonly settings: Settings | undefined;
  readonly before: HealthMemory;
  readonly health: JobHealth;
}

interface KnownJob extends Examined {
  readonly settings: Settings;
}

/** No job has such a name. */
const machineJob = "_machine";
const defaults = { STATE_DIR: "/var/lib/lastgood", REMIND_HOURS: 24, FS_TIMEOUT: 30_000 };
const hourMs = 3_600_000;

export async function tellHealth(
  session: Session,
  examined: readonly Examined[],
  /** Undefined when only one job was looked at. */
  machine: readonly HealthFinding[] | undefined,
  now: Date,
): Promise<void> {
  const known = examined.filter((one): one is KnownJob => one.settings !== undefined);
  const strays = examined
    .filter(({ settings }) => settings === undefined)
    .flatMap(({ health }) =>
      health.findings.map((finding) => ({ ...finding, name: `${finding.name} of ${health.name}` })),
    );
  const general = [...(machine ?? []), ...strays];
  const [first] = known;
  const { STATE_DIR, REMIND_HOURS, FS_TIMEOUT } = first?.settings ?? defaults;
  const machinePath = join(STATE_DIR, machineJob, "health.json");
  const before = machine === undefined ? emptyMemory : await recall(session, machinePath, FS_TIMEOUT);
  const news = planNews(before, general, { now, remindMs: REMIND_HOURS * hourMs });
  // One job alone says nothing of the machine, unless there is no job.
  const isAboutMachine = machine !== undefined || first === undefined;
  const machineTold: readonly Told[] = isAboutMachine ? [{ job: "", before, news }] : [];
  const groups = Map.groupBy(known, ({ settings }) => channelKey(settings));
  for (const [index, members] of [...groups.values()].entries()) {
    const told = members.map((member): Told => tellOf(member, now));
    const health: Health = { machine: general, jobs: members.map((member) => member.health) };
    const message = composeHealthMessage(health, [...machineTold, ...told]);
    const [addressee] = members;
    if (message !== undefined && addressee !== undefined) {
      await send(session, addressee.settings, message, `${session.runId}-${index + 1}`);
    }
    await Promise.all(
      members.map(async ({ settings, before: earlier, health: found }, place) => {
        const memory = told[place]?.news.memory ?? earlier;
        // The message names all that is wrong: nobody need be reminded of the rest soon after.
        const isTold = message !== undefined && Object.keys(memory.problems).length > 0;
        const toldAt = isTold ? { toldAt: now.toISOString() } : {};
        const space = addSamples(earlier.space, found.space);
        const path = memoryPath(settings);
        await remember(session, path, earlier, { ...memory, ...toldAt, space }, settings.FS_TIMEOUT);
      }),
    );
  }
  if (first === undefined) {
    const message = composeHealthMessage({ machine: general, jobs: [] }, machineTold);
    if (message !== undefined) say(session, message);
  }
  if (machine !== undefined) await remember(session, machinePath, before, news.memory, FS_TIMEOUT);
}

function tellOf({ settings, before, health }: KnownJob, now: Date): Told {
  const { findings, unjudged } = health;
  const news = planNews(before, findings, { now, remindMs: settings.REMIND_HOURS * hourMs, unjudged });
  return { job: health.name, before, news };
}

/** Of a check they are not told; each job has its own, and would have a message of its own by them. */
const ofBackupsAlone: ReadonlySet<string> = new Set(["HEALTHCHECKS_URL", "UPTIME_KUMA_URL", "CHANNEL_PINGS"]);

/** The same for jobs whose messages go the same ways. */
function channelKey(settings: Settings): string {
  const names = settingSections.find(([section]) => section === "Messages")?.[1] ?? [];
  const values = names
    .filter((name) => !ofBackupsAlone.has(name))
    .map((name) => settings[name])
    // As JSON every secret is the same.
    .map((value) => (isSecret(value) ? value.reveal() : value));
  return JSON.stringify(values);
}

async function send(session: Session, settings: Settings, content: HealthMessage, id: string): Promise<void> {
  say(session, content);
  const { deps, script, startedAt, runId } = session;
  const { outcome, tag, severity, headline, hint, problems, notes } = content;
  const report = {
    ...buildReport(
      { outcome, headline, hint, problems, notes, findings: [], parts: [] },
      {
        script: script.name,
        job: content.job,
        host: settings.HOST_NAME,
        runId,
        version: packageVersion,
        isDryRun: false,
        startedAt,
        endedAt: deps.clock.now(),
        busyExit: undefined,
        extraNotes: [],
        logFile: undefined,
        logTail: [],
        redact: (text) => text,
      },
    ),
    tag,
  };
  const message = createMessage(report, id);
  if (message === undefined) return;
  // Most checks have nothing to tell.
  const { createChannels } = await import("#lib/notify/registry.ts");
  const { deliverMessage } = await import("#lib/run/deliver-report.ts");
  // Those that are told of every ending watch for backups: a check that is well would stand in for one that never came.
  const channels = createChannels(settings, deps).filter(({ notifyOn }) => notifyOn !== undefined);
  await deliverMessage(session, { settings }, report, { ...message, severity }, channels);
}

/** For whoever cron mails. */
function say({ log }: Session, { tag, headline, problems, notes }: HealthMessage): void {
  const text = [headline, ...problems, ...notes].join("\n");
  if (tag === "RECOVERED") log.info("health.recovered", text);
  else log.error("health.changed", text);
}

/** What cannot be read is as good as forgotten: better told once more than nobody told of anything. */
async function recall({ log }: Session, path: string, timeoutMs: number): Promise<HealthMemory> {
  try {
    return (await withDeadline(readMemory(path), timeoutMs, `read "${path}"`)).memory;
  } catch (error) {
    log.error("health.forgotten", `Cannot read what was told, "${path}": ${describeError(error)}`);
    return emptyMemory;
  }
}

/** Mostly there is nothing new to remember, and a disk need not be woken for it. */
async function remember(
  session: Session,
  path: string,
  before: HealthMemory,
  memory: HealthMemory,
  timeoutMs: number,
): Promise<void> {
  if (isDeepStrictEqual(before, memory)) return;
  try {
    await withDeadline(writeMemory(path, memory), timeoutMs, `write "${path}"`);
  } catch (error) {
    session.log.error("health.unremembered", `Cannot remember what was told: ${describeError(error)}`);
  }
}
