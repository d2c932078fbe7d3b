/** Docker as stacks need it. Every call has a deadline and throws DockerError in docker's own words. */
import type { ComposeProject } from "#lib/core/compose-project.ts";
import { commandOnLifeline } from "#lib/core/container-command.ts";
import { type Container, containerFormat, parseContainer } from "#lib/core/containers.ts";
import type { Exec, ExecResult } from "#lib/core/deps.ts";
import { toDockerError } from "#lib/core/docker-words.ts";
import { parseVolumes, type Volume } from "#lib/core/volumes.ts";
import { createCompose } from "#lib/stacks/compose.ts";
import { understand } from "#lib/stacks/docker-answers.ts";

const askTimeoutMs = 30_000;
const pingTimeoutMs = 10_000;
const startTimeoutMs = 60_000;
const stopMarginMs = 30_000;

/** Where compose finds what it needs to know of a stack. */
export interface ComposeLocation {
  /** Name of the project; absent: as compose derives it. */
  readonly project?: string | undefined;
  readonly directory: string | undefined;
  /** Empty: as compose finds them in the directory. */
  readonly configFiles: readonly string[];
  readonly environmentFiles: readonly string[];
}

/** A container that something is done to; the name is for messages. */
type Target = Pick<Container, "id" | "name">;

export interface Docker {
  /** Every container of any compose project, in whatever state: two calls however many there are. */
  readonly readContainers: () => Promise<readonly Container[]>;
  /** Those that exist, by id or name. */
  readonly inspectContainers: (ids: readonly string[]) => Promise<readonly Container[]>;
  /** Those that exist. */
  readonly readVolumes: (names: readonly string[]) => Promise<readonly Volume[]>;
  /** All at once; each has the time to end that its service gives it. */
  readonly stop: (containers: readonly (Target & Pick<Container, "stopTimeoutMs">)[]) => Promise<void>;
  /** Does nothing to a container that runs. */
  readonly start: (container: Target) => Promise<void>;
  readonly pause: (container: Target) => Promise<void>;
  readonly unpause: (container: Target) => Promise<void>;
  /** Run a command in a container to its end, whatever its exit code; to ours, if that comes first. */
  readonly run: (container: Target, command: readonly string[], timeoutMs: number) => Promise<ExecResult>;
  readonly readConfig: (location: ComposeLocation) => Promise<ComposeProject>;
  /** Remove the containers and networks of the project. */
  readonly down: (location: ComposeLocation, stopTimeoutMs: number) => Promise<void>;
  /**
   * Make those containers of these services that are missing, by number of replicas, and of what they depend on; start none.
   * The images must be here.
   */
  readonly create: (location: ComposeLocation, replicas: ReadonlyMap<string, number>) => Promise<void>;
  /** Names of containers that the compose file, as it is now, would make otherwise. Without any effect. */
  readonly planCreate: (
    location: ComposeLocation,
    replicas: ReadonlyMap<string, number>,
  ) => Promise<readonly string[]>;
  /** Make all containers of these services anew, without starting them; volumes are kept. */
  readonly recreate: (location: ComposeLocation, replicas: ReadonlyMap<string, number>) => Promise<void>;
  /** Throws unless the engine answers. */
  readonly ping: () => Promise<void>;
}

interface DockerAccess {
  readonly exec: Exec;
  /** Ends what runs at the moment; every later call throws its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A call of docker that ends with 0, else it throws DockerError. `action` is for the error, `directory` is where it runs. */
export type RunDocker = (
  action: string,
  args: readonly string[],
  timeoutMs: number,
  directory?: string,
) => Promise<ExecResult>;

export function createDocker({ exec, signal }: DockerAccess): Docker {
  // A child changes the directory, not this process while it starts one: that may hang.
  const call = (args: readonly string[], timeoutMs: number, directory?: string) => {
    const options = { timeoutMs, signal };
    if (directory === undefined) return exec(["docker", ...args], options);
    return exec(["env", `--chdir=${directory}`, "docker", ...args], options);
  };

  const runDocker: RunDocker = async (action, args, timeoutMs, directory) => {
    const result = await call(args, timeoutMs, directory);
    if (result.exitCode !== 0) throw toDockerError(action, result, timeoutMs);
    return result;
  };

  /** What `inspect` prints of those that exist: somebody may have removed one since we heard of it. */
  const inspect = async (action: string, args: readonly string[]) => {
    const result = await call(args, askTimeoutMs);
    const isAboutMissing = linesOf(result.stderr).every((line) =>
      /no such (?:object|container|volume)/i.test(line),
    );
    const isAnswer =
      result.exitCode === 0 || (result.exitCode === 1 && result.stderr !== "" && isAboutMissing);
    if (!isAnswer) throw toDockerError(action, result, askTimeoutMs);
    return result.stdout;
  };

  const inspectContainers: Docker["inspectContainers"] = async (ids) => {
    if (ids.length === 0) return [];
    const action = "ask for the state of containers";
    const lines = linesOf(
      await inspect(action, ["inspect", "--type", "container", "--format", containerFormat, ...ids]),
    );
    return understand(action, () => lines.map(parseContainer));
  };

  return {
    ...createCompose(runDocker),
    inspectContainers,
    readContainers: async () => {
      const filter = ["--filter", "label=com.docker.compose.project"];
      const args = ["ps", "--all", "--quiet", "--no-trunc", ...filter];
      const { stdout } = await runDocker("list containers", args, askTimeoutMs);
      return inspectContainers(linesOf(stdout));
    },
    readVolumes: async (names) => {
      if (names.length === 0) return [];
      const action = "ask for volumes";
      const output = await inspect(action, ["volume", "inspect", ...names]);
      return understand(action, () => parseVolumes(output));
    },
    stop: async (containers) => {
      if (containers.length === 0) return;
      const timeoutMs = Math.max(...containers.map(({ stopTimeoutMs }) => stopTimeoutMs)) + stopMarginMs;
      const names = containers.map(({ name }) => `"${name}"`).join(", ");
      await runDocker(`stop ${names}`, ["stop", ...containers.map(({ id }) => id)], timeoutMs);
    },
    start: async ({ id, name }) => {
      await runDocker(`start "${name}"`, ["start", id], startTimeoutMs);
    },
    pause: async ({ id, name }) => {
      await runDocker(`pause "${name}"`, ["pause", id], startTimeoutMs);
    },
    unpause: async ({ id, name }) => {
      await runDocker(`unpause "${name}"`, ["unpause", id], startTimeoutMs);
    },
    run: ({ id }, command, timeoutMs) =>
      exec(commandOnLifeline(id, undefined, command), { timeoutMs, signal }),
    ping: async () => {
      await runDocker("ask the engine", ["version", "--format", "{{.Server.Version}}"], pingTimeoutMs);
    },
  };
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}
