/** What one start of a script has before and beside its configuration: identity, log, the seams, the way to stop. */
import { createHash, randomUUID } from "node:crypto";
import { type ConfigRequest, type LoadedConfig, loadConfig } from "#lib/config/load-config.ts";
import { type Settings, settingNames } from "#lib/config/schema.ts";
import { parseStoreSetting } from "#lib/config/settings-store.ts";
import type { Deps } from "#lib/core/deps.ts";
import { shortHostName } from "#lib/core/host-name.ts";
import type { LogLevel } from "#lib/core/log.ts";
import type { HostIdentity } from "#lib/core/run-context.ts";
import { createRedactor } from "#lib/core/secret.ts";
import { type Flags, findConfigFlag } from "#lib/run/parse-flags.ts";
import type { ScriptDefinition } from "#lib/run/script.ts";
import { createSessionLog, type SessionLog } from "#lib/run/session-log.ts";
import type { World } from "#lib/run/world.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { createHttp } from "#lib/tools/http.ts";
import { runMark } from "#lib/tools/processes.ts";
import { readMachineIds } from "#lib/tools/read-machine-ids.ts";

export interface Session {
  readonly script: ScriptDefinition;
  readonly world: World;
  /** Undefined when the command line could not be understood. */
  readonly flags: Flags | undefined;
  readonly runId: string;
  readonly startedAt: Date;
  readonly log: SessionLog;
  readonly deps: Deps;
  readonly childEnvironment: Readonly<Record<string, string>>;
  /** Aborted by `stop`, with the first reason given. */
  readonly signal: AbortSignal;
  readonly stop: (reason: unknown) => void;
  /** The job's name, as soon as it is known. */
  jobName: string;
}

/** A session whose configuration is known. */
export interface Job {
  readonly loaded: LoadedConfig;
  readonly settings: Settings;
  readonly settingsHash: string;
  readonly host: HostIdentity;
  readonly redact: (text: string) => string;
}

export function openSession(script: ScriptDefinition, world: World, flags: Flags | undefined): Session {
  const runId = randomUUID();
  const startedAt = systemClock.now();
  const childEnvironment = { ...environmentOfChildren(world.env), [runMark]: runId };
  const controller = new AbortController();
  const session: Session = {
    script,
    world,
    flags,
    runId,
    startedAt,
    log: createSessionLog({
      stderr: world.stderr,
      isJournal: world.isJournal,
      useColour: world.stderr.isTerminal && !world.env["NO_COLOR"] && world.env["TERM"] !== "dumb",
      level: levelOf(world, flags),
      label: () => `${script.name}[${session.jobName} ${runId.slice(0, 8)}]`,
      now: systemClock.now,
    }),
    deps: {
      exec: createExec(childEnvironment),
      clock: systemClock,
      http: createHttp(world.env),
      newId: randomUUID,
    },
    childEnvironment,
    signal: controller.signal,
    stop: (reason) => {
      if (controller.signal.aborted) session.log.info("run.stopping", "Already stopping");
      controller.abort(reason);
    },
    jobName: "-",
  };
  return session;
}

function levelOf(world: World, flags: Flags | undefined): LogLevel {
  if (flags?.isQuiet === true) return "error";
  if (flags?.isVerbose === true) return "debug";
  return world.stderr.isTerminal || world.isJournal ? "info" : "warning";
}

/** Settings may come through our environment; children have no business with them, and `ps e` would show them. */
function environmentOfChildren(env: World["env"]): Record<string, string> {
  const isSetting = (name: string) =>
    parseStoreSetting(name) !== undefined ||
    settingNames.some((key) => name === key || name.startsWith(`${key}_`));
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !isSetting(name)) kept[name] = value;
  }
  return kept;
}

export function configRequest({ script, world, flags, deps }: Session): ConfigRequest {
  return {
    purpose: script.purpose,
    configFlag: flags === undefined ? findConfigFlag(world.argv) : flags.config,
    env: world.env,
    cwd: world.cwd,
    uid: world.uid,
    home: world.home,
    hostname: world.hostname,
    deps,
  };
}

/** Load the configuration and tell the log what must be masked. Throws OpsError "config" or "denied". */
export async function useConfig(session: Session): Promise<Job> {
  const job = await loadJob(configRequest(session));
  session.log.setRedactor(job.redact);
  session.jobName = job.settings.JOB;
  return job;
}

/** The job of a configuration. Throws OpsError "config" or "denied". */
export async function loadJob(request: ConfigRequest): Promise<Job> {
  const loaded = await loadConfig(request);
  const { settings } = loaded;
  return {
    loaded,
    settings,
    settingsHash: createHash("sha256").update(JSON.stringify(settings)).digest("hex"),
    host: { name: settings.HOST_NAME, ...(await readMachineIds()) },
    redact: createRedactor(loaded.secrets),
  };
}

/** The host as it calls itself, where no configuration says otherwise. */
export async function readHost(world: World): Promise<HostIdentity> {
  return { name: shortHostName(world.hostname), ...(await readMachineIds()) };
}
