/** What there is to know of stacks before anything is done to them: state, containers, files, data. */
import { join } from "node:path";
import type { Container } from "#lib/core/containers.ts";
import { mapBounded } from "#lib/core/map-bounded.ts";
import { describeShared, listWritten } from "#lib/core/shared-data.ts";
import {
  chooseStackData,
  type ResolvedPath,
  type StackData,
  type StackDataSettings,
} from "#lib/core/stack-data.ts";
import { judgeStack, type StackState } from "#lib/core/stack-state.ts";
import { locateVolume, type Volume } from "#lib/core/volumes.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import { type Draft, draftStack } from "#lib/stacks/draft-stack.ts";
import type { FoundStack } from "#lib/stacks/find-stacks.ts";
import { orProblem } from "#lib/stacks/or-problem.ts";
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
  const drafts = await mapBounded(stacks, atOnce, (stack) =>
    draftStack(access, stack, containers, directories),
  );
  const names = new Set(drafts.flatMap(({ volumeNames }) => volumeNames));
  const volumes =
    containers === undefined ? [] : await orProblem(() => docker.readVolumes([...names]), problems);
  const readings = await mapBounded(drafts, atOnce, (one) => complete(access, one, volumes ?? [], problems));
  // What cannot be resolved is known by its name: this is only for notes.
  const places = await resolvePaths(asker, listWritten(containers ?? []), []);
  return readings.map((reading) => ({
    ...reading,
    notes: [...reading.notes, ...describeShared(reading.roots, reading.containers, containers ?? [], places)],
  }));
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
  const at = (path: string): ResolvedPath => resolved.get(path) ?? { path, type: "missing", links: [] };
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
