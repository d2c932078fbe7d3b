/** Start the containers of a record in their order, whatever has become of them in the meantime. */
import type { Container } from "#lib/core/containers.ts";
import type { Clock } from "#lib/core/deps.ts";
import { DockerError } from "#lib/core/docker-error.ts";
import { mapBounded } from "#lib/core/map-bounded.ts";
import { type Match, matchRecord } from "#lib/core/match-record.ts";
import type { RecordedContainer, StackRecord } from "#lib/core/stack-record.ts";
import { planLevels } from "#lib/core/start-order.ts";
import type { Docker } from "#lib/stacks/docker.ts";

const pollMs = 500;
/** Each start is a process of docker's; a small machine has no room for fifty. */
const atOnce = 8;

/** What a start needs of the outside. */
export interface Starter {
  readonly docker: Docker;
  readonly clock: Clock;
  /** Ends all waiting: of the recovery, not of the run that may have been cancelled. */
  readonly signal?: AbortSignal | undefined;
}

/** Today's containers of a record; those of its ids, and others only when some of these are gone. */
export async function readRecorded(docker: Docker, record: StackRecord): Promise<Match[]> {
  const known = await docker.inspectContainers(record.containers.map(({ id }) => id));
  if (known.length === record.containers.length) return matchRecord(record, known);
  return matchRecord(record, await docker.readContainers());
}

export interface Resumption {
  /** Why docker could not start a container, by its name. */
  readonly problems: ReadonlyMap<string, DockerError>;
  /** Names of those that were not stopped any more, or not yet. */
  readonly ranAlready: readonly string[];
}

/**
 * Start level by level what does not run; a level waits for the health of what it depends on, until `healthTimeoutMs` is over.
 *
 * One that cannot be started holds up no other: better half a stack than none.
 */
export async function resumeContainers(
  starter: Starter,
  record: StackRecord,
  healthTimeoutMs: number,
): Promise<Resumption> {
  const problems = new Map<string, DockerError>();
  const deadline = starter.clock.monotonicMs() + healthTimeoutMs;
  const note = (recorded: RecordedContainer, error: unknown) => {
    if (!(error instanceof DockerError)) throw error;
    problems.set(recorded.name, error);
  };
  let matches = await readRecorded(starter.docker, record);
  const ranAlready = matches.flatMap(({ container }) =>
    container && isActive(container) ? container.name : [],
  );
  const missing = matches.flatMap(({ recorded, container }) => (container === undefined ? recorded : []));
  if (missing.length > 0) {
    await remakeMissing(starter.docker, record, missing).catch((error: unknown) => {
      for (const recorded of missing) note(recorded, error);
    });
    matches = await readRecorded(starter.docker, record);
  }
  for (const level of planLevels(record.containers)) {
    await untilHealthy(starter, record, level, deadline);
    const stale = new Set<string>();
    await eachOf(matches, level, async (recorded, container) => {
      await resume(starter.docker, container).catch((error: unknown) => {
        note(recorded, error);
        if (isStale(error)) stale.add(recorded.service);
      });
    });
    if (stale.size === 0) continue;
    const again = level.filter(({ service }) => stale.has(service));
    await remakeStale(starter.docker, record, stale).catch((error: unknown) => {
      for (const recorded of again) note(recorded, error);
    });
    matches = await readRecorded(starter.docker, record);
    await eachOf(matches, again, async (recorded, container) => {
      await resume(starter.docker, container).then(
        () => problems.delete(recorded.name),
        (error: unknown) => note(recorded, error),
      );
    });
  }
  return { problems, ranAlready };
}

/** The containers of a level, several at once. */
async function eachOf(
  matches: readonly Match[],
  level: readonly RecordedContainer[],
  act: (recorded: RecordedContainer, container: Container) => Promise<void>,
): Promise<void> {
  const wanted = matches.filter(({ recorded }) => level.includes(recorded));
  await mapBounded(wanted, atOnce, async ({ recorded, container }) => {
    if (container !== undefined) await act(recorded, container);
  });
}

/** Make anew what is gone: after `down`, or when somebody removed it. */
async function remakeMissing(
  docker: Docker,
  record: StackRecord,
  missing: readonly RecordedContainer[],
): Promise<void> {
  const services = new Set(missing.map(({ service }) => service));
  const replicas = [...countReplicas(record)].filter(([service]) => services.has(service));
  await docker.create(locate(record), new Map(replicas));
}

/** How many containers of each service ran. */
export function countReplicas({ containers }: StackRecord): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { service } of containers) counts.set(service, (counts.get(service) ?? 0) + 1);
  return counts;
}

/** Where compose finds the stack of a record. */
export function locate({ project, directory, configFiles, environmentFiles }: StackRecord) {
  return { project, directory, configFiles, environmentFiles };
}

export function isActive({ state }: Container): boolean {
  return state === "running" || state === "restarting";
}

async function resume(docker: Docker, container: Container): Promise<void> {
  if (isActive(container)) return;
  await (container.state === "paused" ? docker.unpause(container) : docker.start(container));
}

/** It knows by its id what is no longer there: its network, or the container in whose network it lives. */
export function isStale(error: unknown): boolean {
  return error instanceof DockerError && (error.trouble === "no-container" || error.trouble === "no-network");
}

async function remakeStale(
  docker: Docker,
  record: StackRecord,
  services: ReadonlySet<string>,
): Promise<void> {
  const replicas = new Map<string, number>();
  for (const { project, service, isOneOff } of await docker.readContainers()) {
    const isMeant = project === record.project && services.has(service) && !isOneOff;
    if (isMeant) replicas.set(service, (replicas.get(service) ?? 0) + 1);
  }
  await docker.recreate(locate(record), replicas);
}

/** Wait for the health that this level depends on, of what was healthy before and runs now. */
async function untilHealthy(
  { docker, clock, signal }: Starter,
  record: StackRecord,
  level: readonly RecordedContainer[],
  deadline: number,
): Promise<void> {
  const needed = level.flatMap(({ dependsOn }) =>
    dependsOn.flatMap(({ condition, service }) => (condition === "service_healthy" ? service : [])),
  );
  const awaited = record.containers.filter((one) => one.wasHealthy && needed.includes(one.service));
  if (awaited.length === 0) return;
  for (;;) {
    const isWaiting = (await readRecorded(docker, record)).some(
      ({ recorded, container }) =>
        awaited.includes(recorded) && container?.state === "running" && container.health === "starting",
    );
    if (!isWaiting || clock.monotonicMs() >= deadline) return;
    await clock.sleep(pollMs, signal);
  }
}
