/**
 * The time during which a stack is stopped.
 *
 * What ran is in the journal before anything is stopped. From then on there is one way out, `close`, which starts it again: it
 * is taken by whoever comes first, the end of the freeze, an error, a signal of the run or the limit of the window, and
 * everybody gets its one answer. Stopping is never cut off half way: the engine would go on with it behind our back.
 */
import type { Clock } from "#lib/core/deps.ts";
import { DockerError } from "#lib/core/docker-error.ts";
import { formatDuration } from "#lib/core/duration.ts";
import type { Log } from "#lib/core/log.ts";
import { manualStartCommand } from "#lib/core/manual-command.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { UndoJournal } from "#lib/core/run-context.ts";
import type { StoppedStack } from "#lib/core/undo.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import { type StartOptions, type StartResult, startStack } from "#lib/stacks/start-stack.ts";
import { finishStopping, requireStopped, stopStack } from "#lib/stacks/stop-stack.ts";

export interface WindowRequest {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: UndoJournal;
  readonly stopped: StoppedStack;
  /** Of the run: nobody needs the data any more when it is aborted, and the window is closed at once. */
  readonly signal: AbortSignal;
  readonly start: StartOptions;
  /** When it has been open for so long, whoever reads the stack's data is told to give up, and it is closed. */
  readonly maxMs: number;
  /** Told once when what ran does not run again. */
  readonly onDown: (end: WindowEnd) => void;
}

export interface WindowEnd extends StartResult {
  /** From the first stop to the moment at which docker had started everything. */
  readonly seconds: number;
}

export interface StackWindow {
  /** Aborted, with an OpsError, when the window has been open for too long. */
  readonly giveUp: AbortSignal;
  /**
   * Make sure that nothing of it runs; what was copied is worth nothing before that is known, and it can be asked beside the copying.
   * Throws OpsError "failed" when something does; all of it has been started again by then.
   */
  readonly requireStopped: () => Promise<void>;
  /** Start what ran; resolves when docker has started it. Safe to repeat, and never rejects. */
  readonly close: () => Promise<void>;
  /** Close it, and wait until it is known whether everything runs again. Never rejects. */
  readonly end: () => Promise<WindowEnd>;
}

/** Stop the stack. Throws OpsError "failed" when it cannot be stopped; what was is started again by then. */
export async function openWindow(request: WindowRequest): Promise<StackWindow> {
  const { docker, clock, log, journal, stopped, signal } = request;
  const { project } = stopped.record;
  await journal.record(stopped);
  const openedMs = clock.monotonicMs();
  const giveUp = new AbortController();
  const over = new AbortController();
  let closing:
    | Promise<{ readonly confirm: () => Promise<StartResult>; readonly seconds: number }>
    | undefined;
  let ending: Promise<WindowEnd> | undefined;

  const onRetry = (attempt: number, problems: readonly string[]) => {
    const pause = formatDuration(request.start.retryDelayMs);
    const next = `waiting ${pause} before attempt ${attempt}/${request.start.maxAttempts}`;
    log.warning("stack.restarting", `Stack "${project}" did not start: ${problems.join("; ")}; ${next}`);
  };
  let stopping: Promise<void> = Promise.resolve();
  const startAgain = async () => {
    over.abort();
    // What is started while the engine is still about to stop it would be stopped behind our back.
    await stopping.catch((error: unknown) => finishAfter(error, docker, stopped));
    log.info("stack.starting", `Starting stack "${project}" (attempt 1/${request.start.maxAttempts})`);
    const started = await startStack({ docker, clock }, stopped.record, { ...request.start, onRetry });
    const seconds = (clock.monotonicMs() - openedMs) / 1000;
    return { confirm: started.confirm, seconds };
  };
  const begin = () => {
    closing ??= startAgain();
    return closing;
  };
  const confirm = async (): Promise<WindowEnd> => {
    const { confirm: settle, seconds } = await begin();
    const result = await settle();
    // What does not run stays in the journal: the end of the run tries once more, and so does every recovery.
    if (result.isRunning) {
      log.info("stack.started", `Stack "${project}" runs again; it was stopped for ${seconds.toFixed(1)} s`);
      // It runs, whatever the disk of the journal says: to start it once more would do nothing.
      await journal
        .forget(stopped)
        .catch((error: unknown) => log.warning("journal.stale", describeError(error)));
    }
    return { ...result, seconds };
  };
  const failed = (error: unknown): WindowEnd => ({
    isRunning: false,
    attempts: 1,
    problems: [describeError(error)],
    notes: [],
    ranAlready: [],
    manualCommand: manualStartCommand(stopped.record),
    seconds: (clock.monotonicMs() - openedMs) / 1000,
  });
  const end = () => {
    ending ??= confirm()
      .catch(failed)
      .then((result) => {
        if (!result.isRunning) request.onDown(result);
        return result;
      });
    return ending;
  };
  const orStartAgain = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (cause) {
      const { isRunning, manualCommand } = await end();
      if (isRunning || !(cause instanceof OpsError)) throw cause;
      const { message, cause: reason } = cause;
      throw new OpsError(message, { outcome: "failed", hint: manualCommand, cause: reason });
    }
  };
  const window: StackWindow = {
    giveUp: giveUp.signal,
    requireStopped: () => orStartAgain(() => requireStopped(docker, stopped.record)),
    close: () =>
      begin().then(
        () => undefined,
        () => undefined,
      ),
    end,
  };
  const closeAtOnce = () => void window.end();
  signal.addEventListener("abort", closeAtOnce, { once: true });
  over.signal.addEventListener("abort", () => signal.removeEventListener("abort", closeAtOnce), {
    once: true,
  });
  void clock.sleep(request.maxMs, over.signal).then(
    () => {
      log.warning(
        "window.exceeded",
        `Stack "${project}" has been stopped for ${formatDuration(request.maxMs)}`,
      );
      giveUp.abort(exceeded(project, request.maxMs));
      void end();
    },
    () => undefined,
  );
  log.info("stack.stopping", `Stopping stack "${project}"`);
  stopping = stopStack(docker, stopped.record);
  await orStartAgain(() => stopping);
  if (signal.aborted) await window.end();
  signal.throwIfAborted();
  return window;
}

/** An engine that did not answer in time may still do what it was asked for. */
async function finishAfter(error: unknown, docker: Docker, stopped: StoppedStack): Promise<void> {
  if (error instanceof DockerError && error.trouble === "timeout") await finishStopping(docker, stopped);
}

function exceeded(project: string, maxMs: number): OpsError {
  return new OpsError(
    `Stack "${project}" was stopped for longer than STACK_MAX_WINDOW (${formatDuration(maxMs)}): started again, its archive given up`,
    {
      outcome: "failed",
      hint: "Choose another STACK_FREEZE, leave out what is large, or raise STACK_MAX_WINDOW",
    },
  );
}
