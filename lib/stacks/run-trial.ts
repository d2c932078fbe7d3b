/** Start a copy of a stack and see whether it stays up; it is removed by `remove-trial.ts`, however this ends. */
import type { Container } from "#lib/core/containers.ts";
import { DockerError } from "#lib/core/docker-error.ts";
import { formatDuration } from "#lib/core/duration.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { StackRecord } from "#lib/core/stack-record.ts";
import { orderForStart } from "#lib/core/start-order.ts";
import type { Starter } from "#lib/stacks/resume-containers.ts";
import { defaultStartOptions, type StartOptions, startStack } from "#lib/stacks/start-stack.ts";
import { readHealthOutput, readLastLines, type TrialAccess, upTrial } from "#lib/stacks/trial-compose.ts";

const mostSettleMs = 10_000;

export interface Trial {
  readonly project: string;
  /** Of the restored stack. */
  readonly directory: string;
  /** The model of the copy. */
  readonly file: string;
  /** Services that must run, and stay so. */
  readonly expected: readonly ExpectedService[];
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  /** For all of it. */
  readonly timeoutMs: number;
}

export interface ExpectedService {
  readonly name: string;
  readonly restartPolicy: string;
  /** One that is not well where the stack lives need not be well here. */
  readonly mustBeHealthy: boolean;
}

export interface TrialResult {
  /** Why it does not run; empty when it does. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** Rejects when the signal is aborted, and with OpsError when docker cannot be asked. */
export async function runTrial(trial: Trial, access: TrialAccess & Starter): Promise<TrialResult> {
  const { clock, docker } = access;
  const deadline = clock.monotonicMs() + trial.timeoutMs;
  const refused = await upUntil(trial, access, deadline);
  const { record, containers } = await recordTrial(trial, docker);
  const started =
    refused === undefined && record.containers.length > 0
      ? await (await startStack(access, record, optionsOf(trial, deadline - clock.monotonicMs()))).confirm()
      : { problems: refused === undefined ? [] : [refused], notes: [] };
  const said = started.problems.length === 0 ? [] : await readWords(containers, access);
  const shorten = (line: string) => line.replaceAll(`${trial.project}-`, "");
  // What was started more than once says the same each time.
  const problems = new Set([...started.problems, ...said].map(shorten));
  return { problems: [...problems], notes: started.notes.map(shorten) };
}

/** Why it cannot be started, after as many attempts as a restart is given: many a service needs a second one after its database. */
async function upUntil(
  trial: Trial,
  access: TrialAccess & Starter,
  deadline: number,
): Promise<string | undefined> {
  const { clock, signal } = access;
  const location = { ...trial, configFiles: [trial.file], environmentFiles: [] };
  for (let attempts = 1; ; attempts += 1) {
    const leftMs = Math.max(deadline - clock.monotonicMs(), 1000);
    try {
      await upTrial(location, access, leftMs);
      return undefined;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof DockerError)) throw error;
      const isOver = clock.monotonicMs() + trial.retryDelayMs >= deadline;
      if (error.trouble === "timeout") return `It was not up after ${formatDuration(trial.timeoutMs)}`;
      if (attempts >= trial.maxAttempts || isOver) return describeError(error);
    }
    await clock.sleep(trial.retryDelayMs, signal);
  }
}

/** What was made, as a record of what is to run. */
async function recordTrial(
  { project, directory, file, expected }: Trial,
  docker: Starter["docker"],
): Promise<{ readonly record: StackRecord; readonly containers: readonly Container[] }> {
  const containers = (await docker.readContainers()).filter((one) => one.project === project);
  const awaited = containers.flatMap((container) => {
    const service = expected.find(({ name }) => name === container.service);
    return service === undefined ? [] : [{ ...container, ...service, name: container.name }];
  });
  const record: StackRecord = {
    project,
    directory,
    configFiles: [file],
    environmentFiles: [],
    how: "stop",
    containers: orderForStart(awaited).map(
      ({ id, name, service, dependsOn, networkOwner, restartPolicy, stopTimeoutMs, mustBeHealthy }) => ({
        id,
        name,
        service,
        dependsOn: [...dependsOn],
        ...(networkOwner === undefined ? {} : { networkOwner }),
        restartPolicy,
        stopTimeoutMs,
        wasHealthy: mustBeHealthy,
        wasRestarting: false,
      }),
    ),
  };
  return { record, containers };
}

/** Nothing waits for it, so it is watched for longer than a stack that was stopped. */
function optionsOf({ maxAttempts, retryDelayMs, timeoutMs }: Trial, leftMs: number): StartOptions {
  const settleMs = Math.min(mostSettleMs, timeoutMs / 10);
  return {
    ...defaultStartOptions,
    maxAttempts,
    retryDelayMs,
    settleMs,
    healthTimeoutMs: Math.max(leftMs, 0),
  };
}

/** What those that are not well have to say. */
async function readWords(
  containers: readonly Container[],
  access: TrialAccess & Starter,
): Promise<readonly string[]> {
  const now = await access.docker.inspectContainers(containers.map(({ id }) => id));
  const words: string[] = [];
  for (const { id, name, state, exitCode, health } of now) {
    const isUp = state === "running" && (health === undefined || health === "healthy");
    if (isUp || state === "created" || (state === "exited" && exitCode === 0)) continue;
    for (const line of await readLastLines(id, access)) words.push(`"${name}" wrote: ${line}`);
    if (state === "running")
      for (const line of await readHealthOutput(id, access)) words.push(`Healthcheck of "${name}": ${line}`);
  }
  return words;
}
