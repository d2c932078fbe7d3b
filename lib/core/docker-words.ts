/** Which trouble it is, and why, from what docker and compose write on stderr; the words are those of docker 20.10 to 28. */
import type { ExecResult } from "#lib/core/deps.ts";
import { DockerError, type DockerTrouble } from "#lib/core/docker-error.ts";

/** Compose ends so when it cannot make sense of its files: not found, and not valid. */
const composeFileExits = new Set([14, 15]);

const signs: readonly (readonly [DockerTrouble, RegExp])[] = [
  ["denied", /permission denied while trying to connect/i],
  ["unreachable", /Cannot connect to the Docker daemon|error during connect/i],
  ["no-compose", /unknown (?:shorthand flag|flag|command).*|is not a docker command/i],
  ["port-taken", /port is already allocated|address already in use/i],
  ["no-image", /No such image|unable to find image|pull access denied/i],
  ["no-container", /No such container/i],
  ["no-network", /\bnetwork \S+ not found/i],
  ["compose-file", /no such service/i],
];

const hints: Readonly<Record<DockerTrouble, string>> = {
  "not-installed": "apt-get install docker.io; under cron, set PATH",
  "no-compose": "Install the compose plugin: docker compose version must answer",
  unreachable: "systemctl status docker",
  denied: "Run as root, or add this user to the group docker",
  timeout: "Does the engine hang? journalctl -u docker",
  "no-container": "Was the stack deployed anew meanwhile? docker compose up --detach",
  "no-network": "docker compose up --detach --force-recreate makes it anew",
  "no-image": "docker compose pull, or docker compose build",
  "port-taken": "ss -ltnp shows who has it",
  "compose-file": "docker compose config shows what is wrong",
  other: "docker ps --all and journalctl -u docker may say more",
};

/** The error for a call that did not end well; `action` as in `start container "x"`. */
export function toDockerError(action: string, result: ExecResult, timeoutMs: number): DockerError {
  const trouble = classifyTrouble(result);
  return new DockerError(`Cannot ${action}: ${describeTrouble(trouble, result, timeoutMs)}`, {
    trouble,
    hint: hints[trouble],
  });
}

function classifyTrouble({ exitCode, notFound, timedOut, stderr }: ExecResult): DockerTrouble {
  if (notFound) return "not-installed";
  if (timedOut) return "timeout";
  const [trouble] = signs.find(([, sign]) => sign.test(stderr)) ?? [];
  if (trouble !== undefined) return trouble;
  return exitCode !== null && composeFileExits.has(exitCode) ? "compose-file" : "other";
}

function describeTrouble(trouble: DockerTrouble, result: ExecResult, timeoutMs: number): string {
  if (trouble === "not-installed") return "docker is not installed";
  if (trouble === "no-compose") return "docker has no compose plugin";
  if (trouble === "timeout") return `docker gave no answer after ${timeoutMs / 1000} s`;
  const sign = signs.find(([kind]) => kind === trouble)?.[1];
  return dockerReason(result.stderr, sign) ?? `docker ended with ${result.exitCode ?? result.signal}`;
}

/** The reason in docker's own words: the line with the sign, else the first that is no progress, no warning and no repetition. */
function dockerReason(stderr: string, sign: RegExp | undefined): string | undefined {
  const lines = stderr.split("\n").map((line) => line.trim());
  const said = lines.filter(
    (line) =>
      line !== "" &&
      !/^(?:Container|Network|Volume|Image) \S+ +\S+$|^time="|^WARNING: |^Error: failed to/.test(line),
  );
  const reason =
    said.find((line) => sign?.test(line)) ??
    said.find((line) => line.startsWith("Error response from daemon: ")) ??
    said[0];
  return reason?.replace(/^Error(?: response from daemon)?: /, "");
}
