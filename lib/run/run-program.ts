/**
 * The one way in which a script runs, from arguments to exit code; every way of ending is reported, those before the
 * run really began included.
 */
import { checkedConfigJson, formatCheckedConfig, printConfig } from "#lib/config/print-config.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { exitCodeOf } from "#lib/core/outcome.ts";
import { readCommandLine } from "#lib/run/command-line.ts";
import { endingOfError } from "#lib/run/ending.ts";
import { reportEarlyEnding } from "#lib/run/finish-run.ts";
import { type Flags, jobShape } from "#lib/run/parse-flags.ts";
import { runDry, runJob } from "#lib/run/run-job.ts";
import type { ScriptDefinition } from "#lib/run/script.ts";
import { configRequest, openSession, type Session, useConfig } from "#lib/run/session.ts";
import { testNotifications } from "#lib/run/test-notifications.ts";
import type { World } from "#lib/run/world.ts";
import { writeAnswer } from "#lib/run/write-answer.ts";

/** Resolves to the exit code. Never rejects for a foreseen failure. */
export async function runProgram(script: ScriptDefinition, world: World): Promise<number> {
  let flags: Flags | undefined;
  try {
    flags = await readCommandLine(
      script,
      jobShape(script.furtherOperands, script.main !== "recovery"),
      world,
    );
  } catch (error) {
    return reportEarlyEnding(openSession(script, world, undefined), endingOfError(error));
  }
  if (flags === undefined) return exitCodeOf("complete");
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
  if (flags.mode === "print-config") {
    await writeAnswer(world, printConfig(configRequest(session)));
    return exitCodeOf("complete");
  }
  const job = await useConfig(session);
  switch (flags.mode) {
    case "check-config":
      await writeAnswer(
        world,
        flags.isJson ? checkedConfigJson(job.loaded) : formatCheckedConfig(job.loaded),
      );
      return exitCodeOf("complete");
    case "test-notifications":
      return testNotifications(session, job);
    default:
      return flags.isDryRun ? runDry(script, session, job) : runJob(script, session, job);
  }
}
