/** Stacks and volumes that are not there yet, made by docker itself. */
import type { Exec } from "#lib/core/deps.ts";
import { toDockerError } from "#lib/core/docker-words.ts";
import { describeError } from "#lib/core/ops-error.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";

interface BringUpAccess {
  readonly exec: Exec;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

interface NewVolume {
  readonly name: string;
  /** Whose it is; undefined for one that compose does not make itself. */
  readonly owner: { readonly project: string; readonly title: string } | undefined;
}

const checkTimeoutMs = 30_000;
const volumeTimeoutMs = 60_000;

/** One line for a person: everything that the compose file says. */
export function bringUpCommand(directory: string): string {
  return `docker compose --project-directory ${quoteForShell(directory)} up --detach`;
}

/** Start everything that the compose file says, and wait until it runs and is healthy. Throws DockerError. */
export async function bringUp(directory: string, { exec, signal, timeoutMs }: BringUpAccess): Promise<void> {
  const wait = ["--wait", "--wait-timeout", String(Math.ceil(timeoutMs / 1000))];
  const up = [
    "docker",
    "compose",
    "--project-directory",
    directory,
    "up",
    "--detach",
    "--quiet-pull",
    ...wait,
  ];
  // In its directory: COMPOSE_FILE of its .env counts only there. Images may have to be fetched.
  const limitMs = timeoutMs * 2 + 600_000;
  const result = await exec(["env", `--chdir=${directory}`, ...up], { timeoutMs: limitMs, signal });
  if (result.exitCode !== 0) throw toDockerError(`bring up the stack in "${directory}"`, result, limitMs);
}

/** What compose has to say against the stack in a directory; undefined when it would start it. Needs no engine. */
export async function checkCompose(
  directory: string,
  exec: Exec,
  signal: AbortSignal,
): Promise<string | undefined> {
  const config = ["docker", "compose", "--project-directory", directory, "config", "--quiet"];
  const result = await exec(["env", `--chdir=${directory}`, ...config], {
    timeoutMs: checkTimeoutMs,
    signal,
  });
  if (result.exitCode === 0) return undefined;
  return describeError(toDockerError("read its compose file", result, checkTimeoutMs));
}

/** As compose would make it, with its labels, so that compose takes it for its own. Throws DockerError. */
export async function createVolume({ name, owner }: NewVolume, exec: Exec): Promise<void> {
  const labels =
    owner === undefined
      ? []
      : [
          `--label=com.docker.compose.project=${owner.project}`,
          `--label=com.docker.compose.volume=${owner.title}`,
        ];
  const result = await exec(["docker", "volume", "create", ...labels, name], { timeoutMs: volumeTimeoutMs });
  if (result.exitCode !== 0) throw toDockerError(`create the volume "${name}"`, result, volumeTimeoutMs);
}
