/** What compose and docker know of one stack: its containers, its files, what it mounts. */
import { basename } from "node:path";
import { deriveProjectName } from "#lib/core/compose-files.ts";
import type { ComposeProject } from "#lib/core/compose-project.ts";
import type { Container } from "#lib/core/containers.ts";
import { findDeployed, findNamed, listDeployed } from "#lib/core/stack-containers.ts";
import type { ResolvedPath } from "#lib/core/stack-data.ts";
import { listUses } from "#lib/core/stack-uses.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import type { FoundStack } from "#lib/stacks/find-stacks.ts";
import { orProblem } from "#lib/stacks/or-problem.ts";
import { readDefinition } from "#lib/stacks/read-definition.ts";
import { resolvePaths } from "#lib/stacks/resolve-paths.ts";

interface Access {
  readonly docker: Docker;
  readonly asker: FileSystemAsker;
}

/** What is known of a stack before its paths are looked at. */
export interface Draft {
  readonly stack: FoundStack;
  /** Undefined when docker could not be asked. */
  readonly containers: readonly Container[] | undefined;
  readonly uses: ReturnType<typeof listUses>;
  readonly volumeNames: readonly string[];
  readonly definition: readonly string[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** `all` are the containers of every project, `directories` says where those of the stacks lead. */
export async function draftStack(
  { docker, asker }: Access,
  stack: FoundStack,
  all: readonly Container[] | undefined,
  directories: ReadonlyMap<string, ResolvedPath>,
): Promise<Draft> {
  const problems: string[] = [];
  const real = directories.get(stack.directory)?.path ?? stack.directory;
  const found = all && findDeployed([stack.directory, real], all);
  const [first, ...others] = listDeployed([stack.directory, real], all ?? []);
  for (const other of others) {
    problems.push(
      `Directory "${stack.directory}" is that of project "${first}" and of "${other}", which is not backed up: give it a directory of its own`,
    );
  }
  const location = locateStack(stack, found ?? []);
  const composeFiles = [...stack.files.filter((file) => basename(file) !== ".env"), ...location.configFiles];
  const [project, { files, notes }] = await Promise.all([
    orProblem(() => docker.readConfig(location), problems),
    readDefinition(asker, [...new Set(composeFiles)]),
  ]);
  const name = project?.name ?? deriveProjectName(basename(stack.directory));
  const containers = found?.length === 0 ? await findByName(asker, name, real, all ?? [], problems) : found;
  const uses = listUses(project, containers ?? []);
  return {
    stack,
    containers,
    uses,
    volumeNames: [...uses.volumes.keys()],
    definition: [...new Set([...stack.files, ...files, ...location.environmentFiles, ...filesOf(project)])],
    problems,
    notes,
  };
}

/** What compose made `containers` of; what it would find by itself when there are none. */
export function locateStack({ directory }: FoundStack, containers: readonly Container[]) {
  const deployed = containers.find(({ isOneOff }) => !isOneOff);
  return {
    // It need not bear the name that compose would give it now.
    ...(deployed === undefined ? {} : { project: deployed.project }),
    directory,
    configFiles: deployed?.configFiles ?? [],
    environmentFiles: deployed?.environmentFiles ?? [],
  };
}

async function findByName(
  asker: FileSystemAsker,
  project: string,
  directory: string,
  all: readonly Container[],
  problems: string[],
): Promise<readonly Container[]> {
  const named = all.filter((container) => container.project === project);
  const places = await resolvePaths(
    asker,
    named.flatMap(({ workingDir }) => workingDir ?? []),
    problems,
  );
  return findNamed(project, directory, named, places);
}

function filesOf(project: ComposeProject | undefined): readonly string[] {
  return project === undefined ? [] : [...project.files, ...project.buildContexts];
}
