/** Servers in containers: which one it is, and commands in it whose credentials nobody can see. */
import type { DatabaseContainer } from "#lib/core/database-url.ts";
import type { Exec } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";

type Command = readonly [string, ...string[]];

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

/** A command in a container, without credentials. */
export function commandInContainer(id: string, command: readonly string[]): Command {
  return ["docker", "exec", "--interactive", id, ...command];
}

/**
 * A command in a container that is handed a file of ours: by its standard input, into a file that only its user can read,
 * whose path takes the place of `marker` in the command, and which goes with it. Nothing of it is in any argument list.
 */
export function commandWithFile(
  id: string,
  file: string,
  marker: string,
  command: readonly string[],
): Command {
  const inside =
    'umask 077; f=$(mktemp) || exit; trap \'rm -f "$f"\' EXIT HUP INT TERM; cat >"$f" || exit; m=$1; shift; n=$#; ' +
    'while [ "$n" -gt 0 ]; do a=$1; shift; n=$((n - 1)); ' +
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell expands these
    'case $a in *"$m"*) a="${a%%"$m"*}$f${a#*"$m"}";; esac; set -- "$@" "$a"; done; "$@"';
  return [
    "sh",
    "-c",
    'exec "$@" <"$0"',
    file,
    ...commandInContainer(id, ["sh", "-c", inside, "sh", marker, ...command]),
  ];
}
