/**
 * A check of all jobs, or of one: it has no lock of its own, takes that of a job only to finish what a dead run left, and never
 * keeps a backup from running. Its messages go by the channels of the jobs that they are about.
 */
import { resolve } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import {
  formatHealthTable,
  formatNagios,
  healthJson,
  nagiosHead,
  outcomeOf,
  stateOf,
} from "#lib/core/format-health.ts";
import type { CheckContext, CheckedJob, Health, HealthFinding } from "#lib/core/health.ts";
import { emptyMemory } from "#lib/core/health-memory.ts";
import { measureHealth } from "#lib/core/health-metrics.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { exitCodeOf } from "#lib/core/outcome.ts";
import { createRedactor } from "#lib/core/secret.ts";
import { examineJobs, loadJobs } from "#lib/run/checked-jobs.ts";
import type { Ending } from "#lib/run/ending.ts";
import { findConfigs } from "#lib/run/find-configs.ts";
import type { CommandDescription } from "#lib/run/help-text.ts";
import { commonFlags, type FlagDefinitions, type Flags } from "#lib/run/parse-flags.ts";
import { bindProcess } from "#lib/run/process-binding.ts";
import { answerInJson, runSession, type SessionDefinition } from "#lib/run/run-session.ts";
import { readHost, type Session } from "#lib/run/session.ts";
import { tellHealth } from "#lib/run/tell-health.ts";
import type { World } from "#lib/run/world.ts";
import { writeJson } from "#lib/run/write-answer.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";
import { formatPrometheusText } from "#lib/tools/prometheus-text.ts";

export interface CheckDefinition extends CommandDescription {
  readonly main: (context: CheckContext<Settings>) => Promise<Health>;
}

const { config, "dry-run": dryRun, json, quiet, verbose, help, version } = commonFlags;
const common: FlagDefinitions = { config, "dry-run": dryRun, json, quiet, verbose, help, version };
const ownFlags: FlagDefinitions = {
  deep: { help: "ask the stores themselves, and list their sets" },
  nagios: { help: "print what a monitor of the Nagios kind reads, and send no message" },
  prometheus: { value: "FILE", help: "write the findings for node_exporter's textfile collector" },
};
const unknownExit = 3;
const exitCodes = [
  ["0", "ok: nothing is wrong"],
  ["1", "warning: a backup lacks something, or may do so soon"],
  ["2", "critical: there is no recent good backup, or the next one would not work"],
  [String(unknownExit), "unknown: the check itself failed; with --nagios whatever stopped it"],
  ["64", "usage: bad command line; nothing was touched"],
  ["128+n", "interrupted: ended by signal n"],
] as const;

/** Run a check as this process. */
export function runCheck({ main, ...description }: CheckDefinition): Promise<void> {
  const definition: SessionDefinition = {
    ...description,
    exitCodes,
    flags: ownFlags,
    shape: { common, operands: [] },
    main: (session, flags) => check(main, session, flags),
    answerError,
  };
  return bindProcess((world) => runSession(definition, world));
}

async function check(main: CheckDefinition["main"], session: Session, flags: Flags): Promise<number> {
  const { world, deps, log, signal, childEnvironment } = session;
  const begunMs = deps.clock.monotonicMs();
  const isNagios = flags.own["nagios"] === true;
  // Whoever looks at a terminal, or a monitor that asks, sees it.
  const isTold = !(flags.isDryRun || isNagios || world.stderr.isTerminal);
  const configs = flags.config === undefined ? await findConfigs(world) : [flags.config];
  // Who asks the stores as well has time.
  const isHurried = isNagios && flags.own["deep"] !== true;
  const loaded = await loadJobs(session, configs, isHurried ? stageMs : undefined);
  const redact = createRedactor(loaded.flatMap(({ secrets }) => secrets));
  log.setRedactor(redact);
  const examined = await examineJobs(session, isHurried ? loaded.map((one) => hurry(one, stageMs)) : loaded, {
    recover: !flags.isDryRun,
    send: isTold,
  });
  const now = deps.clock.now();
  const leftMs = Math.max(leastMs, pluginMs - (deps.clock.monotonicMs() - begunMs));
  const jobs = isHurried ? examined.map((one) => hurry(one, lookMs(leftMs))) : examined;
  const host = loaded.find(({ job }) => job !== undefined)?.job?.host ?? (await readHost(world));
  const look = () =>
    main({
      deps,
      log,
      host,
      now,
      isRoot: world.uid === 0,
      isDeep: flags.own["deep"] === true,
      signal,
      childEnvironment,
      jobs,
      isWholeMachine: flags.config === undefined,
    });
  const found = await (isHurried ? withinPluginTime(session, leftMs, look) : look());
  signal.throwIfAborted();
  const health = maskHealth(found, redact);
  await writePrometheus(session, flags, health, now);
  if (isNagios) await world.stdout.write(formatNagios(health));
  else if (flags.isJson) await writeJson(world, healthJson(health, { host: host.name, checkedAt: now }));
  else if (!flags.isQuiet) await world.stdout.write(formatHealthTable(health, flags.isVerbose));
  if (isTold) {
    const told = health.jobs.map((one, index) => ({
      settings: loaded[index]?.settings,
      before: jobs[index]?.record?.memory ?? emptyMemory,
      health: one,
    }));
    const machine = flags.config === undefined ? health.machine : undefined;
    await tellHealth(session, told, machine, now);
  }
  return exitCodeOf(outcomeOf(stateOf(health)));
}

/** A monitor waits ten seconds for a plugin, and of one that it has to end it learns nothing. */
const pluginMs = 9_500;
/** So long for configurations, and so long for state: a file system that hangs is named, and time remains for the rest. */
const stageMs = 2_500;
/** For looking, however long it took to put right what dead runs left: that is not limited. */
const leastMs = 2_000;

/** In whole seconds, which are told: each question may be asked twice, of many paths and of each; the rest is for the others. */
const lookMs = (leftMs: number) => Math.max(1, Math.floor((leftMs - 1_000) / 2_000)) * 1_000;

function hurry<One extends Pick<CheckedJob<Settings>, "settings">>(one: One, limitMs: number): One {
  const { settings } = one;
  if (settings === undefined) return one;
  return { ...one, settings: { ...settings, FS_TIMEOUT: Math.min(settings.FS_TIMEOUT, limitMs) } };
}

async function withinPluginTime(
  session: Session,
  leftMs: number,
  look: () => Promise<Health>,
): Promise<Health> {
  const limit = new OpsError(`No answer within ${pluginMs / 1000} s`, {
    outcome: "failed",
    hint: "Docker or a file system hangs: health-check without --nagios waits longer, and says which",
  });
  const timer = setTimeout(() => session.stop(limit), leftMs);
  try {
    return await look();
  } finally {
    clearTimeout(timer);
  }
}

function maskHealth({ jobs, machine }: Health, redact: (text: string) => string): Health {
  const mask = (finding: HealthFinding) => ({ ...finding, message: redact(finding.message) });
  return {
    jobs: jobs.map((job) => ({ ...job, findings: job.findings.map(mask) })),
    machine: machine.map(mask),
  };
}

/** Numbers that are old tell a monitor so by themselves; that they could not be written changes nothing else. */
async function writePrometheus({ world, log }: Session, { own, isDryRun }: Flags, health: Health, now: Date) {
  const file = own["prometheus"];
  if (typeof file !== "string" || isDryRun) return;
  try {
    const text = await formatPrometheusText(measureHealth(health, now));
    await writeFileDurably(resolve(world.cwd, file), text, { mode: 0o644 });
  } catch (error) {
    log.error("metrics.unwritten", `Cannot write "${file}": ${describeError(error)}`);
  }
}

/** A monitor takes its first line, and "unknown", for any error. */
async function answerError(world: World, ending: Ending): Promise<number> {
  if (!world.argv.includes("--nagios")) return answerInJson(world, ending);
  await world.stdout.write(`${nagiosHead("unknown", ending.headline)}\n`);
  return unknownExit;
}
