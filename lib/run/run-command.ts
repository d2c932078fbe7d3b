/** A command that works with or without a job's configuration: no lock, no journal and no messages, but signals and a log. */
import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import type { CommandContext } from "#lib/core/command.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { exitCodeOf } from "#lib/core/outcome.ts";
import type { ToolResult } from "#lib/core/tool.ts";
import { endingOfError } from "#lib/run/ending.ts";
import { formatHelp } from "#lib/run/help-text.ts";
import { createOperator } from "#lib/run/operator.ts";
import { commonFlags, type FlagDefinitions, type Flags, parseFlags } from "#lib/run/parse-flags.ts";
import { bindProcess } from "#lib/run/process-binding.ts";
import { createProgress } from "#lib/run/progress.ts";
import { runDry, runJob } from "#lib/run/run-job.ts";
import type { ScriptDefinition } from "#lib/run/script.ts";
import { openSession, readMachineId, type Session, useConfig } from "#lib/run/session.ts";
import { packageVersion } from "#lib/run/version.ts";
import type { World } from "#lib/run/world.ts";

export interface CommandDefinition {
  readonly name: string;
  /** One sentence for --help. */
  readonly summary: string;
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
  return bindProcess((world) => runIn(definition, world));
}

async function runIn(definition: CommandDefinition, world: World): Promise<number> {
  const { name, summary, operands } = definition;
  const script = { name, summary, flags: definition.flags, main: "recovery" } as const;
  let flags: Flags;
  try {
    flags = parseFlags(world.argv, definition.flags, {
      common,
      operands: world.isInteractive ? [] : operands.slice(0, 1),
      furtherOperands: Number.POSITIVE_INFINITY,
    });
  } catch (error) {
    return showError(openSession(script, world, undefined), error);
  }
  if (flags.mode === "help") return print(world, formatHelp(definition, common, operands));
  if (flags.mode === "version") return print(world, `${name} ${packageVersion} (${world.runtime})\n`);
  const session = openSession(script, world, flags);
  const unwatch = world.watch({
    onSignal: (signal) =>
      session.stop(new OpsError(`Stopped by ${signal}`, { outcome: "interrupted", signal })),
    onBug: session.stop,
  });
  try {
    if (definition.asRun?.isMeant(flags) === true) return await runAsJob(definition.asRun, session, flags);
    const result = await definition.main(await createCommandContext(definition, session, flags));
    session.signal.throwIfAborted();
    await world.stdout.write(flags.isJson ? `${JSON.stringify(result.json, null, 2)}\n` : result.text);
    return exitCodeOf(result.outcome);
  } catch (error) {
    return await showError(session, session.signal.aborted ? session.signal.reason : error);
  } finally {
    unwatch();
    await session.log.close();
  }
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
  const host = job?.host ?? {
    name: (world.hostname.split(".")[0] ?? "").toLowerCase(),
    machineId: await readMachineId(),
  };
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

/** The error on stderr, and for programs as JSON. */
async function showError({ world, log, script }: Session, error: unknown): Promise<number> {
  const { outcome, signal, headline, hint, problems } = endingOfError(error);
  const details = [
    ...problems.filter((problem) => !headline.includes(problem)),
    ...(hint === undefined ? [] : [`Hint: ${hint}`]),
  ];
  log.error(`${script.name}.${outcome}`, [headline, ...details].join("\n"));
  if (world.argv.includes("--json")) {
    await world.stdout.write(
      `${JSON.stringify({ schema: 1, outcome, problem: headline, hint, problems }, null, 2)}\n`,
    );
  }
  return exitCodeOf(outcome, { signal });
}

async function print(world: World, text: string): Promise<number> {
  await world.stdout.write(text);
  return exitCodeOf("complete");
}
