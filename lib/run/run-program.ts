/**
 * The one way in which a script runs, from arguments to exit code; every way of ending is reported, those before the
 * run really began included.
 */
import { checkedConfigJson, formatCheckedConfig, printConfig } from "#lib/config/print-config.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { exitCodeOf } from "#lib/core/outcome.ts";
import { endingOfError } from "#lib/run/ending.ts";
import { reportEarlyEnding } from "#lib/run/finish-run.ts";
import { formatHelp } from "#lib/run/help-text.ts";
import { type Flags, jobShape, parseFlags } from "#lib/run/parse-flags.ts";
import { runDry, runJob } from "#lib/run/run-job.ts";
import type { ScriptDefinition } from "#lib/run/script.ts";
import { configRequest, openSession, type Session, useConfig } from "#lib/run/session.ts";
import { testNotifications } from "#lib/run/test-notifications.ts";
import { packageVersion } from "#lib/run/version.ts";
import type { World } from "#lib/run/world.ts";

/** Resolves to the exit code. Never rejects for a foreseen failure. */
export async function runProgram(script: ScriptDefinition, world: World): Promise<number> {
  let flags: Flags;
  try {
    flags = parseFlags(world.argv, script.flags, jobShape(script.furtherOperands));
  } catch (error) {
    return reportEarlyEnding(openSession(script, world, undefined), endingOfError(error));
  }
  if (flags.mode === "help") return print(world, formatHelp(script));
  if (flags.mode === "version") return print(world, `${script.name} ${packageVersion} (${world.runtime})\n`);
  const session = openSession(script, world, flags);
  const unwatch = world.watch({
    onSignal: (signal) => {
      session.stop(new OpsError(`Stopped by ${signal}`, { outcome: "interrupted", signal }));
    },
    onBug: (error) => {
      session.log.error("error.uncaught", describeError(error));
      session.stop(error);
    },
  });
  try {
    return await runMode(script, session, flags);
  } catch (error) {
    return await reportEarlyEnding(session, endingOfError(error));
  } finally {
    unwatch();
    await session.log.close();
  }
}

async function runMode(script: ScriptDefinition, session: Session, flags: Flags): Promise<number> {
  const { world } = session;
  if (flags.mode === "print-config") return print(world, printConfig(configRequest(session)));
  const job = await useConfig(session);
  switch (flags.mode) {
    case "check-config":
      return print(
        world,
        flags.isJson
          ? `${JSON.stringify(checkedConfigJson(job.loaded), null, 2)}\n`
          : formatCheckedConfig(job.loaded),
      );
    case "test-notifications":
      return testNotifications(session, job);
    default:
      return flags.isDryRun ? runDry(script, session, job) : runJob(script, session, job);
  }
}

async function print(world: World, text: string): Promise<number> {
  await world.stdout.write(text);
  return exitCodeOf("complete");
}
