/** What can be known about the data of a stack while it runs: what it is, where it lies, how it could be held still. */
import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import type { RootFacts } from "#lib/core/freeze.ts";
import { findObstacles, type RootSurvey, sharesBlocks } from "#lib/core/freeze-obstacles.ts";
import { mapBounded } from "#lib/core/map-bounded.ts";
import {
  findUnmounted,
  isWithin,
  type Mount,
  mountOf,
  mountsBelow,
  parseFstab,
  parseMountTable,
} from "#lib/core/mount-table.ts";
import { errorCode, OpsError } from "#lib/core/ops-error.ts";
import { createExcluder } from "#lib/core/tar-pattern.ts";
import { askRealPath, type FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import { canReflink, findSnapshotSource, findStagings } from "#lib/stacks/ask-freezing.ts";
import { measureTree } from "#lib/stacks/measure-tree.ts";

export interface SurveyAccess extends FileSystemAsker {
  /** Environment of children. */
  readonly env: Readonly<Record<string, string>>;
  /** A listing that says nothing for so long is stuck. */
  readonly stallMs: number;
  /** What will not be archived, by patterns of tar below each root. */
  readonly excludes: readonly string[];
  /** Where copies go, and nowhere else; undefined: beside the data. */
  readonly stagingDir: string | undefined;
  /** Where they go when there is no place beside the data. */
  readonly spareDir: string | undefined;
}

const atOnce = 4;

interface Machine {
  readonly mounts: readonly Mount[];
  /** Mount points that `/etc/fstab` names. */
  readonly fstab: readonly string[];
}

/**
 * Survey data roots, directories or single files; of roots within each other the outermost is left. One that is missing, or that
 * would lie on a disk that is not mounted, is refused: a backup of an empty mount point would only hide that. Throws OpsError "failed".
 */
export async function surveyRoots(
  paths: readonly string[],
  access: SurveyAccess,
): Promise<readonly RootFacts[]> {
  const machine = {
    mounts: parseMountTable(await readFile("/proc/self/mountinfo", "utf8")),
    fstab: parseFstab(await readFstab()),
  };
  const found = new Set(await mapBounded(paths, atOnce, (path) => findRoot(path, machine, access)));
  const roots = [...found].filter((path) => ![...found].some((one) => one !== path && isWithin(path, one)));
  return mapBounded(roots, atOnce, (path) => surveyRoot(path, machine, access));
}

async function readFstab(): Promise<string> {
  try {
    return await readFile("/etc/fstab", "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}

/** Its path without symlinks. */
async function findRoot(path: string, { mounts, fstab }: Machine, access: SurveyAccess): Promise<string> {
  const real = await askRealPath(access, path);
  const disk = findUnmounted(real.ok ? real.value : path, mounts, fstab);
  if (disk !== undefined) {
    throw new OpsError(`Cannot back up "${path}": nothing is mounted at "${disk}"`, {
      outcome: "failed",
      hint: `Mount it (mount '${disk}'), or remove it from /etc/fstab`,
    });
  }
  if (real.ok) return real.value;
  throw new OpsError(`Cannot find the data "${path}": ${real.reason}`, {
    outcome: "failed",
    hint: "Is what belongs there mounted? Else correct the compose file or APPDATA_DIR",
  });
}

async function surveyRoot(path: string, { mounts }: Machine, access: SurveyAccess): Promise<RootFacts> {
  const mount = mountOf(path, mounts);
  if (mount === undefined) throw new OpsError(`Cannot find the mount of "${path}"`, { outcome: "failed" });
  const isExcluded = createExcluder(access.excludes);
  const [{ files, bytes, subvolumes }, snapshot, places, isReflinkable] = await Promise.all([
    measureTree(path, { ...access, isExcluded }),
    findSnapshotSource(path, mount, access),
    findStagings(path, mount, mounts, access),
    canReflink(mount, access),
  ]);
  const survey = {
    fileSystem: mount.fileSystem,
    files,
    bytes,
    snapshotProblem: snapshot.ok ? undefined : snapshot.reason,
    inside: {
      subvolumes: mount.fileSystem === "btrfs" ? subvolumes : [],
      mounts: mountsBelow(path, mounts).map((one) => relative(path, one)),
    },
    canReflink: isReflinkable,
  };
  const options = places.stagings.map(
    (staging): RootSurvey => ({ ...survey, staging, stagingProblem: undefined }),
  );
  const none: RootSurvey = { ...survey, staging: undefined, stagingProblem: places.problem };
  const chosen = options.find(isUsable) ?? options[0] ?? none;
  return {
    path,
    fileSystem: mount.fileSystem,
    mountPoint: mount.mountPoint,
    snapshotSource: snapshot.ok ? snapshot.value : undefined,
    staging: chosen.staging?.path,
    stagingMount: chosen.staging?.mountPoint,
    obstacles: findObstacles(chosen),
    sharesBlocks: sharesBlocks(chosen),
    files,
    bytes,
  };
}

/** Whether a copy could be made there. */
function isUsable(survey: RootSurvey): boolean {
  const { reflink, presync } = findObstacles(survey);
  return reflink === undefined || presync === undefined;
}
