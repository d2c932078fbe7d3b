/** The few things of a stack that only compose can do. */
import { parseComposeProject } from "#lib/core/compose-project.ts";
import type { ComposeLocation, Docker, RunDocker } from "#lib/stacks/docker.ts";
import { understand } from "#lib/stacks/docker-answers.ts";

const configTimeoutMs = 30_000;
const createTimeoutMs = 120_000;
const marginMs = 60_000;

type Compose = Pick<Docker, "readConfig" | "readConfigHashes" | "down" | "create">;

export function createCompose(runDocker: RunDocker): Compose {
  return {
    readConfig: async (location) => {
      const action = `read the compose file of ${describe(location)}`;
      // What only a profile starts belongs to the stack as well.
      const args = [...locationArguments(location), "--profile", "*", "config", "--format", "json"];
      const output = await runDocker(action, args, configTimeoutMs);
      return understand(action, () => parseComposeProject(output));
    },
    readConfigHashes: async (location) => {
      const args = [...locationArguments(location), "--profile", "*", "config", "--hash", "*"];
      const output = await runDocker(`read the compose file of ${describe(location)}`, args, configTimeoutMs);
      const lines = output.split("\n").filter((line) => line !== "");
      return new Map(
        lines.map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]),
      );
    },
    down: async (location, stopTimeoutMs) => {
      const args = [...locationArguments(location), "down"];
      await runDocker(`take down ${describe(location)}`, args, stopTimeoutMs + marginMs);
    },
    create: async (location, replicas, existing) => {
      const services = [...replicas.keys()];
      const args = [
        ...locationArguments(location),
        ...["up", "--no-start", "--no-deps", "--no-build", "--pull", "never"],
        existing === "recreate" ? "--force-recreate" : "--no-recreate",
        ...[...replicas].flatMap(([service, count]) => ["--scale", `${service}=${count}`]),
        ...services,
      ];
      const action = `make the containers of ${describe(location)} (${services.join(", ")})`;
      await runDocker(action, args, createTimeoutMs);
    },
  };
}

function locationArguments({ project, directory, configFiles, environmentFiles }: ComposeLocation): string[] {
  return [
    "compose",
    ...(project === undefined ? [] : ["--project-name", project]),
    ...(directory === undefined ? [] : ["--project-directory", directory]),
    ...configFiles.flatMap((file) => ["--file", file]),
    ...environmentFiles.flatMap((file) => ["--env-file", file]),
  ];
}

function describe({ project, directory }: ComposeLocation): string {
  return project === undefined ? `"${directory}"` : `stack "${project}"`;
}
