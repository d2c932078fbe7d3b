/** A command that works with or without a job's configuration: no lock, no journal and no messages, but signals and a log. */
import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import type { CommandContext } from "#lib/core/command.ts";
import { exitCodeOf } from "#lib/core/outcome.ts";
import type { ToolResult } from "#lib/core/tool.ts";
import type { CommandDescription } from "#lib/run/help-text.ts";
import { createOperator } from "#lib/run/operator.ts";
import { commonFlags, type FlagDefinitions, type Flags } from "#lib/run/parse-flags.ts";
import { bindProcess } from "#lib/run/process-binding.ts";
import { createProgress } from "#lib/run/progress.ts";
import { runDry, runJob } from "#lib/run/run-job.ts";
import { answerInJson, runSession } from "#lib/run/run-session.ts";
import type { ScriptDefinition } from "#lib/run/script.ts";
import { readHost, type Session, useConfig } from "#lib/run/session.ts";
import type { World } from "#lib/run/world.ts";
import { writeAnswer } from "#lib/run/write-answer.ts";

export interface CommandDefinition extends CommandDescription {
  /** The operands as --help shows them; the first is required where nobody can be asked. */
  readonly operands: readonly [string, ...string[]];
  readonly flags: FlagDefinitions;
  /** Whether it works on what these flags name, without a configuration. */
  readonly isWithoutJob: (flags: Flags["own"]) => boolean;
  readonly main: (context: CommandContext<Settings>) => Promise<ToolResult>;
  /** What changes the job's data, or starts servers, is a run of it, under its lock: where the command line asks for it. */
  readonly asRun?: Pick<ScriptDefinition, "choose"> & {
    readonly isMeant: (flags: Flags) => boolean;
    readonly main: Exclude<ScriptDefinition["main"], "recovery">;
  };
}

const { config, json, quiet, verbose, help, version } = commonFlags;
const common = { config, "dry-run": commonFlags["dry-run"], json, quiet, verbose, help, version };

/** Run a command as this process. */
export function runCommand(definition: CommandDefinition): Promise<void> {
  const { name, summary, examples = [], flags, operands } = definition;
  return bindProcess((world) => {
    const required = world.isInteractive ? [] : operands.slice(0, 1);
    const shape = { common, operands: required, furtherOperands: Number.POSITIVE_INFINITY };
    const main = (session: Session, given: Flags) => runMain(definition, session, given);
    const described = { name, summary, examples, flags, operands };
    return runSession({ ...described, shape, main, answerError: answerInJson }, world);
  });
}

async function runMain(definition: CommandDefinition, session: Session, flags: Flags): Promise<number> {
  const { world, signal } = session;
  if (definition.asRun?.isMeant(flags) === true) return runAsJob(definition.asRun, session, flags);
  const result = await definition.main(await createCommandContext(definition, session, flags));
  signal.throwIfAborted();
  await writeAnswer(world, flags.isJson ? result.json : result.text);
  return exitCodeOf(result.outcome);
}

async function runAsJob(
  { main, choose }: NonNullable<CommandDefinition["asRun"]>,
  session: Session,
  flags: Flags,
): Promise<number> {
  const { name, summary } = session.script;
  const script = { name, summary, main, ...(choose === undefined ? {} : { choose }) };
  const job = await useConfig(session);
  return flags.isDryRun ? runDry(script, session, job) : runJob(script, session, job);
}

async function createCommandContext(
  definition: CommandDefinition,
  session: Session,
  flags: Flags,
): Promise<CommandContext<Settings>> {
  const { world, deps, log, runId, startedAt, signal, childEnvironment } = session;
  const isWithoutJob = definition.isWithoutJob(flags.own) && flags.config === undefined;
  const job = isWithoutJob ? undefined : await useConfig(session);
  const host = job?.host ?? (await readHost(world));
  return {
    deps,
    log,
    progress: createProgress(session),
    host,
    runId,
    startedAt,
    isRoot: world.uid === 0,
    cwd: world.cwd,
    cacheDirectory: cacheDirectoryOf(world),
    isDryRun: flags.isDryRun,
    signal,
    childEnvironment,
    operands: flags.operands,
    flags: flags.own,
    operator: createOperator(session),
    settings: job?.settings,
  };
}

function cacheDirectoryOf({ uid, env, home }: World): string {
  if (uid === 0) return "/var/cache/lastgood";
  const given = env["XDG_CACHE_HOME"];
  // A relative one is to be ignored.
  return join(given?.startsWith("/") === true ? given : join(home, ".cache"), "lastgood");
}
