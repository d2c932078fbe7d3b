/**
 * Start what ran before a stack was stopped, and see that it stays up.
 *
 * Needs a record and an engine, nothing else: recovery calls it at boot, when the compose file may not even be mounted. Doing it
 * again is harmless, and so is doing it to a stack that was never stopped.
 */

import { DockerError, isPassing } from "#lib/core/docker-error.ts";
import { judgeStart, type StartMark } from "#lib/core/judge-start.ts";
import { type DownContainer, manualStartCommand } from "#lib/core/manual-command.ts";
import type { Match } from "#lib/core/match-record.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { StackRecord } from "#lib/core/stack-record.ts";
import { isStale, readRecorded, resumeContainers, type Starter } from "#lib/stacks/resume-containers.ts";

const pollMs = 1000;

export interface StartOptions {
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  /** How long a container must run to count as started. */
  readonly settleMs: number;
  /** How long containers that were healthy may take to be so again. */
  readonly healthTimeoutMs: number;
  /** How long an engine that does not answer is waited for: it may be starting. */
  readonly engineTimeoutMs: number;
  /** Told before each further attempt. */
  readonly onRetry?: ((attempt: number, problems: readonly string[]) => void) | undefined;
}

export const defaultStartOptions: StartOptions = {
  maxAttempts: 3,
  retryDelayMs: 5000,
  settleMs: 2000,
  healthTimeoutMs: 120_000,
  engineTimeoutMs: 120_000,
};

export interface StartResult {
  /** All that ran before runs, and is healthy where it was healthy before. */
  readonly isRunning: boolean;
  readonly attempts: number;
  /** Empty when it is running. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  /** Containers that ran before they were started: somebody else did, while the stack was to be stopped. */
  readonly ranAlready: readonly string[];
  /** For a person, when it is not running. */
  readonly manualCommand: string;
}

export interface StartedStack {
  /** Wait until it has settled and is healthy, trying again what does not run. Rejects only when the signal is aborted. */
  readonly confirm: () => Promise<StartResult>;
}

interface Attempt {
  /** Why docker could not start a container, by its name; by "" what concerns all. */
  readonly errors: ReadonlyMap<string, DockerError>;
  readonly marks: ReadonlyMap<string, StartMark>;
  readonly ranAlready: readonly string[];
}

/** Start the containers of a record; returns as soon as docker has started them all, or cannot. */
export async function startStack(
  starter: Starter,
  record: StackRecord,
  options: StartOptions,
): Promise<StartedStack> {
  const first = await attemptStart(starter, record, options);
  return { confirm: () => confirmStart(starter, record, options, first) };
}

async function confirmStart(
  starter: Starter,
  record: StackRecord,
  options: StartOptions,
  first: Attempt,
): Promise<StartResult> {
  const { ranAlready } = first;
  let attempt = first;
  for (let attempts = 1; ; attempts += 1) {
    const { problems, notes, down, isFinal } = await checkAttempt(starter, record, options, attempt);
    if (isFinal || attempts >= options.maxAttempts) {
      const manualCommand = manualStartCommand(record, down);
      return { isRunning: problems.length === 0, attempts, problems, notes, ranAlready, manualCommand };
    }
    options.onRetry?.(attempts + 1, problems);
    await starter.clock.sleep(options.retryDelayMs, starter.signal);
    attempt = await attemptStart(starter, record, options);
  }
}

/** An engine that does not answer may be starting, and is waited for; one that refuses will not change its mind. */
async function attemptStart(starter: Starter, record: StackRecord, options: StartOptions): Promise<Attempt> {
  const { docker, clock, signal } = starter;
  const deadline = clock.monotonicMs() + options.engineTimeoutMs;
  for (;;) {
    try {
      const { problems, ranAlready } = await resumeContainers(starter, record, options.healthTimeoutMs);
      const matches = await readRecorded(docker, record);
      const containers = matches.flatMap(({ container }) => (container === undefined ? [] : [container]));
      const marks = new Map(containers.map((container) => [container.id, container]));
      return { errors: problems, marks, ranAlready };
    } catch (error) {
      if (!(error instanceof DockerError)) throw error;
      const isOver = !isPassing(error) || clock.monotonicMs() >= deadline;
      if (isOver) return { errors: new Map([["", error]]), marks: new Map(), ranAlready: [] };
    }
    await clock.sleep(pollMs, signal);
  }
}

interface Check {
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  /** What the problems are about, if docker says. */
  readonly down?: readonly DownContainer[] | undefined;
  /** Nothing that another start would change. */
  readonly isFinal: boolean;
}

/** Look until nothing is awaited any more: all up, one down, or the time for healthchecks over. */
async function checkAttempt(
  { docker, clock, signal }: Starter,
  record: StackRecord,
  options: StartOptions,
  { errors, marks }: Attempt,
): Promise<Check> {
  const deadline = clock.monotonicMs() + options.settleMs + options.healthTimeoutMs;
  const general = errors.get("");
  const unknown = (error: DockerError): Check => ({
    problems: [describeError(error)],
    notes: [],
    isFinal: false,
  });
  if (general !== undefined) return unknown(general);
  await clock.sleep(options.settleMs, signal);
  for (;;) {
    let matches: readonly Match[];
    try {
      matches = await readRecorded(docker, record);
    } catch (error) {
      if (error instanceof DockerError) return unknown(error);
      throw error;
    }
    const judged = matches.map((match) => ({
      match,
      error: errors.get(match.recorded.name),
      verdict: judgeStart(match, marks.get(match.container?.id ?? ""), record),
    }));
    const problems = judged.flatMap(({ error, verdict }) => {
      if (verdict.kind !== "down") return [];
      return [error === undefined ? verdict.problem : `${verdict.problem} (${describeError(error)})`];
    });
    const down = judged.flatMap(({ match, error, verdict }) =>
      verdict.kind === "up" ? [] : { ...match, isStale: isStale(error) },
    );
    if (problems.length > 0) return { problems, notes: [], down, isFinal: false };
    const unhealthy = judged.flatMap(({ verdict }) =>
      verdict.kind === "unhealthy" ? [verdict.problem] : [],
    );
    if (unhealthy.length === 0 || clock.monotonicMs() >= deadline) {
      const notes = judged.flatMap(({ verdict }) => (verdict.kind === "up" ? (verdict.note ?? []) : []));
      return { problems: unhealthy, notes, down, isFinal: true };
    }
    await clock.sleep(pollMs, signal);
  }
}
