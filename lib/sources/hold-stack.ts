/**
 * Hold a stack's data still for as long as they are read, and the stack itself no longer than it must be.
 *
 * Whatever happens on the way, an error, a signal, the limit of the window, what ran is started again before anything else.
 */
import type { Container } from "#lib/core/containers.ts";
import { describeAlert, describeFailedStart, hintOnFailedStart } from "#lib/core/describe-alert.ts";
import type { FreezeMeasurement, FreezePlan } from "#lib/core/freeze.ts";
import { amountOf } from "#lib/core/freeze-cost.ts";
import { once } from "#lib/core/once.ts";
import type { Alert } from "#lib/core/run-context.ts";
import type { StackRecord } from "#lib/core/stack-record.ts";
import type { ReleasedSource, SourceAccess } from "#lib/sources/source.ts";
import { createFreezer } from "#lib/stacks/create-freezer.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import type { Frozen } from "#lib/stacks/freezer.ts";
import { orProblem } from "#lib/stacks/or-problem.ts";
import type { ReadRecord } from "#lib/stacks/read-record.ts";
import { openWindow, type StackWindow, type WindowEnd } from "#lib/stacks/stack-window.ts";
import type { StartOptions } from "#lib/stacks/start-stack.ts";
import { listStarted } from "#lib/stacks/stop-stack.ts";

export interface HoldRequest {
  readonly access: SourceAccess;
  /** Heeds no signal of the run: what has been begun is ended. */
  readonly docker: Docker;
  readonly name: string;
  /** Asked last, right before it is stopped. */
  readonly readRecord: () => Promise<ReadRecord>;
  readonly plan: FreezePlan;
  /** What is not archived, and so not copied. */
  readonly excludes: readonly string[];
  readonly start: StartOptions;
  readonly maxWindowMs: number;
  /** Told once when what ran does not run again. */
  readonly onDown: (alert: Alert) => void;
  /** What is to be done as soon as it is known whether it runs again, whoever still reads its data. */
  readonly afterEnd: (isRunning: boolean) => Promise<AfterEnd>;
}

export type AfterEnd = Pick<ReleasedSource, "problems" | "notes">;

export interface HeldStack {
  readonly frozen: Frozen;
  /** Of how it was stopped. */
  readonly notes: readonly string[];
  readonly giveUp: AbortSignal;
  /** Start the stack if it does not run, and remove what held its data. Never rejects. */
  readonly release: () => Promise<{ readonly settled: Promise<ReleasedSource> }>;
}

/** Throws OpsError "failed" when the stack cannot be stopped or its data not be frozen; it has been started again by then. */
export async function holdStack(request: HoldRequest): Promise<HeldStack> {
  const { access, docker, name, plan } = request;
  const useless = new AbortController();
  const freezer = createFreezer(plan, {
    ...access,
    stack: name,
    env: access.childEnvironment,
    excludes: request.excludes,
    signal: AbortSignal.any([access.signal, useless.signal]),
  });
  let window: StackWindow | undefined;
  try {
    access.log.info("stack.preparing", `Preparing stack "${name}": ${plan.why}`);
    await freezer.prepare();
    const { record, startedAt, notes, containers } = await request.readRecord();
    access.signal.throwIfAborted();
    window = await openWindow({
      docker,
      clock: access.clock,
      log: access.log,
      journal: access.journal,
      stopped: { kind: "stack", record, startedAt },
      signal: access.signal,
      start: request.start,
      maxMs: request.maxWindowMs,
      onDown: (end) => request.onDown(describeAlert(name, record, end)),
    });
    const { giveUp } = window;
    giveUp.addEventListener("abort", () => useless.abort(giveUp.reason), { once: true });
    const [frozen] = await Promise.all([freezer.freeze(), window.requireStopped()]);
    giveUp.throwIfAborted();
    const opened = window;
    const ended = once(async () => {
      const end = await opened.end();
      // Nothing ran, so nobody but somebody else has started what runs: another job that had stopped it, or a person.
      const wasIdle = record.containers.length === 0;
      const stack = { name, directory: record.directory };
      const intruders = wasIdle ? await findIntruders(docker, containers, stack) : [];
      const { problems, notes: told } = await request.afterEnd(end.isRunning);
      return { end, after: { problems: [...intruders, ...problems], notes: told } };
    });
    if (!frozen.mustStayStopped) {
      await opened.close();
      // Settling and healthchecks go on beside the archiving.
      ended().catch(() => undefined);
    }
    const heldMs = access.clock.monotonicMs();
    return {
      frozen,
      notes,
      giveUp,
      release: async () => {
        const heldSeconds = (access.clock.monotonicMs() - heldMs) / 1000;
        await opened.close();
        const left = await freezer.release();
        const settle = async () => {
          const { end, after } = await ended();
          const measured = frozen.measured ?? measureStopped(plan, heldSeconds);
          const released = describeEnd(name, record, end, measured, left);
          return {
            ...released,
            problems: [...released.problems, ...after.problems],
            notes: [...released.notes, ...after.notes],
          };
        };
        return { settled: settle() };
      },
    };
  } catch (error) {
    // Nobody needs what may still be copied.
    useless.abort(error);
    await window?.end();
    for (const left of await freezer.release()) access.log.warning("freeze.left", left);
    throw error;
  }
}

/** Archived while stopped: that is what the freeze took, without what stopping and starting take in any case. */
function measureStopped(plan: FreezePlan, seconds: number): FreezeMeasurement {
  return { strategy: "none", seconds, ...amountOf(plan) };
}

/** Containers that run by now of a stack of which nothing ran `before`, a line each, or why nobody knows. */
export async function findIntruders(
  docker: Docker,
  before: readonly Container[],
  { name, directory }: { readonly name: string; readonly directory: string | undefined },
): Promise<readonly string[]> {
  const unsure: string[] = [];
  const started = await orProblem(() => listStarted(docker, before, directory), unsure);
  return [...(started ?? []).map((container) => describeIntruder(container, name)), ...unsure];
}

/** Of a container that ran while nothing of its stack should have. */
function describeIntruder(container: string, name: string): string {
  return `Container "${container}" was started by somebody else while stack "${name}" was stopped: its data may be of more than one moment`;
}

function describeEnd(
  name: string,
  record: StackRecord,
  end: WindowEnd,
  measured: FreezeMeasurement,
  left: readonly string[],
): ReleasedSource {
  const { isRunning, attempts, seconds } = end;
  const window = {
    seconds: Math.round(seconds * 1000) / 1000,
    how: record.how,
    services: [...new Set(record.containers.map(({ service }) => service))],
    attempts,
    isRunning,
  };
  const problems = isRunning ? [] : [`${describeFailedStart(name, end)}. ${hintOnFailedStart(end)}`];
  problems.push(...end.ranAlready.map((container) => describeIntruder(container, name)));
  const retried = attempts > 1 && isRunning ? [`Stack "${name}" needed ${attempts} attempts to start`] : [];
  return {
    problems,
    notes: [...retried, ...end.notes, ...left],
    facts: { window, freeze: measured },
    windowSeconds: seconds,
  };
}
