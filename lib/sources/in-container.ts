/** Servers in containers: which one it is. */
import type { DatabaseContainer } from "#lib/core/database-url.ts";
import type { Exec } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";

interface DockerAccess {
  readonly exec: Exec;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Name or id of the running container. Throws OpsError "failed" in docker's own words. */
export async function findContainer(container: DatabaseContainer, access: DockerAccess): Promise<string> {
  if (container.kind === "name") return container.name;
  const { project, service } = container;
  const filters = [`project=${project}`, `service=${service}`].flatMap((filter) => [
    "--filter",
    `label=com.docker.compose.${filter}`,
  ]);
  const result = await access.exec(["docker", "ps", "--quiet", ...filters], access);
  if (result.exitCode !== 0) {
    const words = result.notFound
      ? "docker is not installed"
      : result.stderr.trim() || "docker gave no answer";
    throw new OpsError(`Cannot find the container of "${project}/${service}": ${words}`, {
      outcome: "failed",
      hint: "Is the engine running, and may this user ask it?",
    });
  }
  const ids = result.stdout.split("\n").filter((line) => line !== "");
  const [first] = ids;
  if (first !== undefined && ids.length === 1) return first;
  throw new OpsError(`Cannot choose the container of "${project}/${service}": ${ids.length} are running`, {
    outcome: "failed",
    hint: ids.length === 0 ? "docker compose ps: is it up?" : "Name one of them with ?container=NAME",
  });
}

/** How a person runs a command there, with an input of their own: goes before the command. */
export function describeContainerCommand(container: DatabaseContainer | undefined): string {
  if (container === undefined) return "";
  if (container.kind === "name") return `docker exec -i ${container.name} `;
  return `docker compose -p ${container.project} exec -T ${container.service} `;
}
