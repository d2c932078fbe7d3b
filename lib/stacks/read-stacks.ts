/** What there is to know of stacks before anything is done to them: state, containers, files, data. */
import { basename, join } from "node:path";
import { deriveProjectName } from "#lib/core/compose-files.ts";
import type { ComposeProject } from "#lib/core/compose-project.ts";
import type { Container } from "#lib/core/containers.ts";
import { mapBounded } from "#lib/core/map-bounded.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { findContainers } from "#lib/core/stack-containers.ts";
import {
  chooseStackData,
  describeShared,
  type ResolvedPath,
  type StackData,
  type StackDataSettings,
} from "#lib/core/stack-data.ts";
import { judgeStack, type StackState } from "#lib/core/stack-state.ts";
import { listUses } from "#lib/core/stack-uses.ts";
import { locateVolume, type Volume } from "#lib/core/volumes.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import type { FoundStack } from "#lib/stacks/find-stacks.ts";
import { readDefinition } from "#lib/stacks/read-definition.ts";
import { resolvePaths } from "#lib/stacks/resolve-paths.ts";

const atOnce = 4;

export interface StackReading extends StackData {
  readonly name: string;
  readonly directory: string;
  readonly state: StackState;
  /** All of its project, in whatever state. */
  readonly containers: readonly Container[];
  /** What is missing or doubtful: with it the backup of this stack is not whole. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

export interface StackAccess {
  readonly docker: Docker;
  readonly asker: FileSystemAsker;
  readonly settings: StackDataSettings & { readonly APPDATA_DIR: string | undefined };
  /** Directories that backups go to. */
  readonly destinations: readonly string[];
}

/** Everything about these stacks; what cannot be known of one is told in its problems and keeps no other from being read. */
export async function readStacks(
  access: StackAccess,
  stacks: readonly FoundStack[],
): Promise<readonly StackReading[]> {
  const { docker, asker } = access;
  const problems: string[] = [];
  const [containers, directories] = await Promise.all([
    orProblem(() => docker.readContainers(), problems),
    resolvePaths(
      asker,
      stacks.map(({ directory }) => directory),
      problems,
    ),
  ]);
  const drafts = await mapBounded(stacks, atOnce, (stack) => draft(access, stack, containers, directories));
  const names = new Set(drafts.flatMap(({ volumeNames }) => volumeNames));
  const volumes =
    containers === undefined ? [] : await orProblem(() => docker.readVolumes([...names]), problems);
  const readings = await mapBounded(drafts, atOnce, (one) => complete(access, one, volumes ?? [], problems));
  return readings.map((reading) => ({
    ...reading,
    notes: [...reading.notes, ...describeShared(reading.name, reading.roots, readings)],
  }));
}

interface Draft {
  readonly stack: FoundStack;
  /** Undefined when docker could not be asked. */
  readonly containers: readonly Container[] | undefined;
  readonly uses: ReturnType<typeof listUses>;
  readonly volumeNames: readonly string[];
  readonly definition: readonly string[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

async function draft(
  { docker, asker }: StackAccess,
  stack: FoundStack,
  all: readonly Container[] | undefined,
  directories: ReadonlyMap<string, ResolvedPath>,
): Promise<Draft> {
  const problems: string[] = [];
  const here = [stack.directory, directories.get(stack.directory)?.path ?? stack.directory];
  const elsewhere = [...directories].flatMap(([path, real]) => [path, real.path]);
  const others = new Set(elsewhere.filter((path) => !here.includes(path)));
  const find = (project: string) => all && findContainers({ directories: here, project }, all, others);
  const deployed = find("")?.find(({ isOneOff }) => !isOneOff);
  const location = {
    directory: stack.directory,
    configFiles: deployed?.configFiles ?? [],
    environmentFiles: deployed?.environmentFiles ?? [],
  };
  const project = await orProblem(() => docker.readConfig(location), problems);
  const containers = find(project?.name ?? deriveProjectName(basename(stack.directory)));
  const composeFiles = [...stack.files.filter((file) => basename(file) !== ".env"), ...location.configFiles];
  const { files, notes } = await readDefinition(asker, [...new Set(composeFiles)]);
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

function filesOf(project: ComposeProject | undefined): readonly string[] {
  return project === undefined ? [] : [...project.files, ...project.buildContexts];
}

async function complete(
  { asker, settings, destinations }: StackAccess,
  { stack, containers, uses, volumeNames, definition, problems, notes }: Draft,
  volumes: readonly Volume[],
  general: readonly string[],
): Promise<StackReading> {
  const { APPDATA_DIR } = settings;
  const appdata = APPDATA_DIR === undefined ? undefined : join(APPDATA_DIR, stack.name);
  const more: string[] = [];
  const located = new Map(
    volumes
      .filter(({ name }) => volumeNames.includes(name))
      .map((volume) => [volume.name, locateVolume(volume)]),
  );
  const binds = uses.binds.filter(({ path }) => !definition.includes(path));
  const paths = [
    ...(appdata === undefined ? [] : [appdata]),
    ...definition,
    ...binds.map(({ path }) => path),
    ...[...located.values()].flatMap((place) => ("path" in place ? place.path : [])),
  ];
  const resolved = await resolvePaths(asker, paths, more);
  const at = (path: string): ResolvedPath => resolved.get(path) ?? { path, type: "missing" };
  const data = chooseStackData({
    directory: stack.directory,
    appdataDir: APPDATA_DIR,
    appdata: appdata === undefined ? undefined : at(appdata),
    definition: definition.map(at),
    binds: binds.map(({ path, ...use }) => ({ ...use, at: at(path), name: path })),
    volumes: [...uses.volumes].flatMap(([name, { title }]) => {
      const place = located.get(name);
      // One that was never used does not exist yet.
      if (place === undefined) return [];
      return { name: title, at: "path" in place ? at(place.path) : place };
    }),
    destinations,
    settings,
  });
  const missing = data.leftOut.filter(({ isProblem }) => isProblem);
  return {
    ...data,
    name: stack.name,
    directory: stack.directory,
    state: judgeStack(containers),
    containers: containers ?? [],
    problems: [
      ...general,
      ...problems,
      ...more,
      ...missing.map(({ path, reason }) => `Cannot back up "${path}": ${reason}`),
    ],
    notes: [
      ...notes,
      ...data.leftOut
        .filter(({ isProblem }) => !isProblem)
        .map(({ path, reason }) => `Left out "${path}": ${reason}`),
      ...describeExternal(uses.volumes),
    ],
  };
}

function describeExternal(volumes: Draft["uses"]["volumes"]): string[] {
  return [...volumes.values()]
    .filter(({ isExternal }) => isExternal)
    .map(({ title }) => `Volume "${title}" is external: other stacks may use it as well`);
}

/** The answer, or undefined with the reason added to `problems`. */
async function orProblem<Answer>(
  act: () => Promise<Answer>,
  problems: string[],
): Promise<Answer | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    problems.push(describeError(error));
    return undefined;
  }
}
