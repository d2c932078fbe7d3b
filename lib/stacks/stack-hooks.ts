/** What an admin has run around the backup of a stack: in its containers by their labels, on the host by POST_RESTART_HOOKS. */
import type { Container } from "#lib/core/containers.ts";
import type { Exec } from "#lib/core/deps.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import { orProblem } from "#lib/stacks/or-problem.ts";

const hookMs = 300_000;

/**
 * Run the command of the label `lastgood.exec-pre` or `lastgood.exec-post` in each running container that has it, by the
 * container's own shell. Resolves to what went wrong, a line each.
 */
export async function runLabelHooks(
  docker: Docker,
  containers: readonly Container[],
  when: "exec-pre" | "exec-post",
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { id, name, state, labels } of containers) {
    const command = labels[`lastgood.${when}`];
    if (command === undefined || state !== "running") continue;
    const what = `lastgood.${when} of container "${name}"`;
    try {
      const { exitCode, timedOut, stderr } = await docker.run({ id, name }, ["sh", "-c", command], hookMs);
      if (timedOut) problems.push(`${what} did not end within ${hookMs / 1000} s`);
      else if (exitCode !== 0)
        problems.push(`${what} ended with ${exitCode ?? "a signal"}${lastLine(stderr)}`);
    } catch (error) {
      if (!(error instanceof OpsError)) throw error;
      problems.push(`${what}: ${describeError(error)}`);
    }
  }
  return problems;
}

/** `exec-post` in the containers that stand for these now: a stack that was taken down has others. */
export async function runPostHooks(docker: Docker, before: readonly Container[]): Promise<readonly string[]> {
  const projects = new Set(
    before.flatMap(({ project, labels }) => (labels["lastgood.exec-post"] === undefined ? [] : project)),
  );
  if (projects.size === 0) return [];
  const problems: string[] = [];
  const all = await orProblem(() => docker.readContainers(), problems);
  const containers = (all ?? []).filter(({ project }) => projects.has(project));
  return [...problems, ...(await runLabelHooks(docker, containers, "exec-post"))];
}

/** Call each hook with the stack's name and directory. Resolves to what went wrong, a line each. */
export async function runHostHooks(
  exec: Exec,
  hooks: readonly string[],
  stack: { readonly name: string; readonly directory: string },
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const hook of hooks) {
    const result = await exec([hook, stack.name, stack.directory], { timeoutMs: hookMs });
    if (result.exitCode === 0) continue;
    const how = result.notFound
      ? "cannot be run"
      : result.timedOut
        ? `did not end within ${hookMs / 1000} s`
        : `ended with ${result.exitCode ?? "a signal"}${lastLine(result.stderr)}`;
    problems.push(`Hook "${hook}" after the restart of "${stack.name}" ${how}`);
  }
  return problems;
}

function lastLine(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return line === "" ? "" : `: ${line}`;
}
