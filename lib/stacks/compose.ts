/** The few things of a stack that only compose can do. */
import { parseComposeProject } from "#lib/core/compose-project.ts";
import type { ComposeLocation, Docker, RunDocker } from "#lib/stacks/docker.ts";
import { understand } from "#lib/stacks/docker-answers.ts";

const configTimeoutMs = 30_000;
const createTimeoutMs = 120_000;
const marginMs = 60_000;

type Compose = Pick<Docker, "readConfig" | "down" | "create" | "planCreate" | "recreate">;

export function createCompose(runDocker: RunDocker): Compose {
  const compose = (action: string, location: ComposeLocation, args: readonly string[], timeoutMs: number) =>
    runDocker(
      action,
      ["compose", ...locationArguments(location), ...args],
      timeoutMs,
      searchDirectory(location),
    );

  return {
    readConfig: async (location) => {
      const action = `read the compose file of ${describe(location)}`;
      // What only a profile starts belongs to the stack as well.
      const args = ["--profile", "*", "config", "--format", "json"];
      const { stdout } = await compose(action, location, args, configTimeoutMs);
      return understand(action, () => parseComposeProject(stdout));
    },
    down: async (location, stopTimeoutMs) => {
      // Without them, what only a profile starts would run on.
      const args = ["--profile", "*", "down"];
      await compose(`take down ${describe(location)}`, location, args, stopTimeoutMs + marginMs);
    },
    create: async (location, replicas) => {
      const args = ["create", "--no-recreate", ...createArguments(replicas)];
      await compose(`make the containers of ${describe(location)}`, location, args, createTimeoutMs);
    },
    planCreate: async (location, replicas) => {
      const action = `compare ${describe(location)} with its compose file`;
      const args = ["--dry-run", "create", ...createArguments(replicas)];
      const { stderr } = await compose(action, location, args, configTimeoutMs);
      return [...stderr.matchAll(/Container (\S+)\s+Recreate$/gm)].map(([, name = ""]) => name);
    },
    recreate: async (location, replicas) => {
      // Unlike `create`, this leaves alone what they depend on.
      const args = ["up", "--no-start", "--force-recreate", ...createArguments(replicas)];
      await compose(`make containers of ${describe(location)} anew`, location, args, createTimeoutMs);
    },
  };
}

function createArguments(replicas: ReadonlyMap<string, number>): string[] {
  const scale = [...replicas].flatMap(([service, count]) => ["--scale", `${service}=${count}`]);
  return ["--no-build", "--pull", "never", ...scale, ...replicas.keys()];
}

/** Without files to name, compose looks where it is, and takes the variable COMPOSE_FILE of `.env` from there. */
function searchDirectory({ configFiles, directory }: ComposeLocation): string | undefined {
  return configFiles.length === 0 ? directory : undefined;
}

function locationArguments({ project, directory, configFiles, environmentFiles }: ComposeLocation): string[] {
  return [
    ...(project === undefined ? [] : ["--project-name", project]),
    ...(directory === undefined ? [] : ["--project-directory", directory]),
    ...configFiles.flatMap((file) => ["--file", file]),
    ...environmentFiles.flatMap((file) => ["--env-file", file]),
  ];
}

function describe({ project, directory }: ComposeLocation): string {
  return project === undefined ? `"${directory}"` : `stack "${project}"`;
}
