/** Stacks on a real engine, as tests see them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Container } from "#lib/core/containers.ts";
import type { StackRecord, StopMethod } from "#lib/core/stack-record.ts";
import { planStop } from "#lib/core/stop-plan.ts";
import { createDocker, type Docker } from "#lib/stacks/docker.ts";
import type { StartOptions, StartResult } from "#lib/stacks/start-stack.ts";
import { startStack } from "#lib/stacks/start-stack.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { type DockerEngine, image } from "#test/support/docker-engine.ts";

/** As patient as a test. */
export const quick: StartOptions = {
  maxAttempts: 3,
  retryDelayMs: 300,
  settleMs: 700,
  healthTimeoutMs: 10_000,
  engineTimeoutMs: 10_000,
};

/** Lives until TERM, which it obeys. */
export const service = `{image: "${image}", init: true, command: [sleep, infinity]`;

export function connect(engine: DockerEngine): Docker {
  return createDocker({ exec: createExec(engine.environment) });
}

/** Write and start stacks at the same time: name of the directory and compose file. */
export async function upTogether(
  engine: DockerEngine,
  stacks: Readonly<Record<string, string>>,
): Promise<void> {
  const exec = createExec(engine.environment);
  const up = async ([name, compose]: readonly [string, string]) => {
    const directory = join(engine.directory, name);
    mkdirSync(directory);
    writeFileSync(join(directory, "compose.yaml"), compose);
    writeFileSync(join(directory, "ok"), "");
    const command = ["docker", "compose", "--project-directory", directory, "up", "--detach"] as const;
    const { exitCode, stderr } = await exec(command, { timeoutMs: 60_000 });
    if (exitCode !== 0) throw new Error(`Cannot start stack "${name}": ${stderr}`);
  };
  await Promise.all(Object.entries(stacks).map(up));
}

/** What would be stopped of a project that runs. */
export async function recordOf(
  docker: Docker,
  project: string,
  how: StopMethod = "stop",
): Promise<StackRecord> {
  const { record } = planStop(await containersOf(docker, project), how, new Date());
  if (record === undefined) throw new Error(`Nothing of "${project}" runs`);
  return record;
}

export async function containersOf(docker: Docker, project: string): Promise<readonly Container[]> {
  return (await docker.readContainers()).filter((container) => container.project === project);
}

/** State of each container of a project, by its name without the project's. */
export async function statesOf(docker: Docker, project: string): Promise<Readonly<Record<string, string>>> {
  const containers = await containersOf(docker, project);
  return Object.fromEntries(containers.map(({ name, state }) => [name.slice(project.length + 1), state]));
}

export async function startAgain(
  docker: Docker,
  record: StackRecord,
  options: Partial<StartOptions> = {},
): Promise<StartResult> {
  const started = await startStack({ docker, clock: systemClock }, record, { ...quick, ...options });
  return started.confirm();
}
