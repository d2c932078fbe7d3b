import type { Settings } from "#lib/config/schema.ts";
import type { Container } from "#lib/core/containers.ts";
import type { CheckContext } from "#lib/core/health.ts";
import { describeError, isForeseen } from "#lib/core/ops-error.ts";
import type { KnownJob } from "#lib/health/gather-facts.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";

export type StacksReading =
  | { readonly problem: string }
  | { readonly stacks: readonly { readonly name: string; readonly containers: readonly Container[] }[] };

/** The stacks of each STACKS_DIR with their containers; docker is asked once, and not at all where no job has stacks. */
export async function askStacks(
  { deps, host, signal }: CheckContext<Settings>,
  asker: FileSystemAsker,
  jobs: readonly KnownJob[],
): Promise<ReadonlyMap<string, StacksReading>> {
  const byDirectory = new Map(
    jobs.flatMap(({ settings }) =>
      settings.STACKS_DIR === undefined ? [] : [[settings.STACKS_DIR, settings] as const],
    ),
  );
  if (byDirectory.size === 0) return new Map();
  // Only here is YAML read, and it takes long to load.
  const { createDocker } = await import("#lib/stacks/docker.ts");
  const { findStacks } = await import("#lib/stacks/find-stacks.ts");
  const containers = await orProblem(() => createDocker({ exec: deps.exec, signal }).readContainers());
  const read = async (directory: string, settings: Settings): Promise<StacksReading> => {
    if ("problem" in containers) return containers;
    const search = { ...settings, STACKS_DIR: directory, STACKS_SELECT: [], STACKS_SKIP: [] };
    const found = await orProblem(() => findStacks(asker, search, host.name));
    if ("problem" in found) return found;
    return {
      stacks: found.value.stacks.map(({ name, directory: own }) => ({
        name,
        containers: containers.value.filter(({ workingDir }) => workingDir === own),
      })),
    };
  };
  return new Map(
    await Promise.all(
      [...byDirectory].map(
        async ([directory, settings]) => [directory, await read(directory, settings)] as const,
      ),
    ),
  );
}

async function orProblem<Value>(
  ask: () => Promise<Value>,
): Promise<{ readonly value: Value } | { readonly problem: string }> {
  try {
    return { value: await ask() };
  } catch (error) {
    if (!isForeseen(error)) throw error;
    return { problem: describeError(error) };
  }
}
