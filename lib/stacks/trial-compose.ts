/** What a copy of a stack asks of compose and the engine. Throws DockerError in docker's words. */
import type { Exec } from "#lib/core/deps.ts";
import { toDockerError } from "#lib/core/docker-words.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { parseTrialModel, type TrialModel } from "#lib/core/trial-model.ts";
import type { ComposeLocation } from "#lib/stacks/docker.ts";
import { understand } from "#lib/stacks/docker-answers.ts";

export interface TrialAccess {
  readonly exec: Exec;
  readonly signal: AbortSignal;
}

const askMs = 30_000;
const linesShown = 5;
const longestLine = 300;

/** The stack as compose understands the restored files. */
export async function readTrialModel(
  { project, directory, configFiles, environmentFiles }: ComposeLocation & { readonly directory: string },
  { exec, signal }: TrialAccess,
): Promise<TrialModel> {
  const action = "read its compose file";
  const named = project === undefined ? [] : ["--project-name", project];
  const files = [
    ...configFiles.flatMap((file) => ["--file", file]),
    ...environmentFiles.flatMap((file) => ["--env-file", file]),
  ];
  const compose = ["docker", "compose", ...named, "--project-directory", directory, ...files];
  // In its directory: COMPOSE_FILE of its .env counts only there.
  const result = await exec(
    ["env", `--chdir=${directory}`, ...compose, "--profile", "*", "config", "--format", "json"],
    { timeoutMs: askMs, signal },
  );
  if (result.exitCode !== 0) throw toDockerError(action, result, askMs);
  return understand(action, () => parseTrialModel(result.stdout));
}

/** Of these images, those that the engine does not have. */
export async function findMissingImages(
  images: readonly string[],
  { exec, signal }: TrialAccess,
): Promise<ReadonlySet<string>> {
  const missing = new Set<string>();
  for (const image of new Set(images)) {
    const command = ["docker", "image", "inspect", "--format", "{{.Id}}", image] as const;
    const result = await exec(command, { timeoutMs: askMs, signal });
    if (/no such image/i.test(result.stderr)) missing.add(image);
    else if (result.exitCode !== 0) throw toDockerError(`ask for the image ${image}`, result, askMs);
  }
  return missing;
}

/**
 * The engine may have other directories than this process: a unit with PrivateTmp=yes has a /var/tmp of its own. It is asked by a
 * container that is never started. Throws OpsError "failed".
 */
export async function requireSight(
  project: string,
  directory: string,
  image: string,
  { exec, signal }: TrialAccess,
): Promise<void> {
  const options = { timeoutMs: askMs, signal };
  const label = `com.docker.compose.project=${project}`;
  const mount = `type=bind,"src=${directory.replaceAll('"', '""')}",dst=/restored`;
  const create = ["docker", "create", "--label", label, "--network", "none", "--mount", mount] as const;
  // An image need not say what it would run.
  const result = await exec([...create, image, "none"], options);
  if (/bind source path does not exist/.test(result.stderr)) {
    throw new OpsError(`Docker does not see "${directory}": this process has another file system there`, {
      outcome: "failed",
      hint: "Give the drill another --to, or its systemd unit PrivateTmp=no",
    });
  }
  if (result.exitCode !== 0) throw toDockerError(`look at "${directory}" by docker`, result, askMs);
  // With it go the volumes that its image asks for.
  await exec(["docker", "rm", "--force", "--volumes", result.stdout.trim()], options);
}

/** Make and start everything, each service when what it depends on is as it is to be. */
export async function upTrial(
  { project, directory, configFiles }: ComposeLocation & { readonly directory: string },
  { exec, signal }: TrialAccess,
  timeoutMs: number,
): Promise<void> {
  const located = ["--project-name", project ?? "", "--project-directory", directory];
  const files = configFiles.flatMap((file) => ["--file", file]);
  const up = ["up", "--detach", "--no-build", "--pull", "never"];
  const result = await exec(["docker", "compose", ...located, ...files, ...up], { timeoutMs, signal });
  if (result.exitCode !== 0) throw toDockerError("start it", result, timeoutMs);
}

/** The last lines that a container wrote; none when docker does not say. */
export async function readLastLines(id: string, { exec, signal }: TrialAccess): Promise<readonly string[]> {
  const command = ["docker", "logs", "--tail", String(linesShown), id] as const;
  const { stdout, stderr } = await exec(command, { timeoutMs: askMs, signal });
  return toLines(stdout + stderr);
}

/** What the healthcheck of a container said last. */
export async function readHealthOutput(
  id: string,
  { exec, signal }: TrialAccess,
): Promise<readonly string[]> {
  const format = "{{with .State.Health}}{{range .Log}}{{json .Output}}\n{{end}}{{end}}";
  const command = ["docker", "inspect", "--type", "container", "--format", format, id] as const;
  const { stdout } = await exec(command, { timeoutMs: askMs, signal });
  const last = stdout.trim().split("\n").at(-1) ?? "";
  return /^".*"$/.test(last)
    ? toLines(understand("read a health check", () => String(JSON.parse(last))))
    : [];
}

function toLines(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.replaceAll(/\p{Cc}+/gu, " ").trim())
    .filter((line) => line !== "")
    .slice(-linesShown)
    .map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line));
}
