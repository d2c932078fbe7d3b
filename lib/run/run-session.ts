/**
 * How a command begins and ends that is no run of a job by itself: flags, help, signals, a log, and one way out for whatever goes
 * wrong. It holds no lock, keeps no journal and reports to nobody but its caller.
 */
import { OpsError } from "#lib/core/ops-error.ts";
import { exitCodeOf } from "#lib/core/outcome.ts";
import { type DescribedCommand, readCommandLine } from "#lib/run/command-line.ts";
import { type Ending, endingOfError } from "#lib/run/ending.ts";
import type { CommandShape, Flags } from "#lib/run/parse-flags.ts";
import { openSession, type Session } from "#lib/run/session.ts";
import type { World } from "#lib/run/world.ts";
import { writeJson } from "#lib/run/write-answer.ts";

export interface SessionDefinition extends DescribedCommand {
  readonly shape: CommandShape;
  /** Resolves to the exit code. */
  readonly main: (session: Session, flags: Flags) => Promise<number>;
  /** What a program that called it reads of an error, beside the log; resolves to the exit code. */
  readonly answerError?: (world: World, ending: Ending) => Promise<number>;
}

/** Resolves to the exit code. Never rejects for a foreseen failure. */
export async function runSession(definition: SessionDefinition, world: World): Promise<number> {
  const { name, summary, flags: ownFlags = {}, shape, main, answerError = answerNothing } = definition;
  const script = { name, summary, flags: ownFlags, main: "recovery" } as const;
  let flags: Flags | undefined;
  try {
    flags = await readCommandLine(definition, shape, world);
  } catch (error) {
    const session = openSession(script, world, undefined);
    const ending = logError(session, error);
    await session.log.close();
    return answerError(world, ending);
  }
  if (flags === undefined) return exitCodeOf("complete");
  const session = openSession(script, world, flags);
  const unwatch = world.watch({
    onSignal: (signal) =>
      session.stop(new OpsError(`Stopped by ${signal}`, { outcome: "interrupted", signal })),
    onBug: session.stop,
  });
  try {
    return await main(session, flags);
  } catch (error) {
    return await answerError(
      world,
      logError(session, session.signal.aborted ? session.signal.reason : error),
    );
  } finally {
    unwatch();
    await session.log.close();
  }
}

/** Say it where people look. */
export function logError({ log, script }: Session, error: unknown): Ending {
  const ending = endingOfError(error);
  const { outcome, headline, hint, problems } = ending;
  const details = [
    ...problems.filter((problem) => !headline.includes(problem)),
    ...(hint === undefined ? [] : [`Hint: ${hint}`]),
  ];
  log.error(`${script.name}.${outcome}`, [headline, ...details].join("\n"));
  return ending;
}

function answerNothing(_world: World, { outcome, signal }: Ending): Promise<number> {
  return Promise.resolve(exitCodeOf(outcome, { signal }));
}

/** The answer of a command that knows --json. Flags may be what was wrong, so it looks for itself. */
export async function answerInJson(world: World, ending: Ending): Promise<number> {
  const { outcome, signal, headline, hint, problems } = ending;
  if (world.argv.includes("--json"))
    await writeJson(world, { schema: 1, outcome, problem: headline, hint, problems });
  return exitCodeOf(outcome, { signal });
}
