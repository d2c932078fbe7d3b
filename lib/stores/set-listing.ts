/** The sets below a directory, sorted by whose they are. */
import { constants, type Dirent } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, parseManifest } from "#lib/core/manifest.ts";
import { describeError, errorCode } from "#lib/core/ops-error.ts";
import { layoutDepth } from "#lib/core/set-layout.ts";
import { withDeadline } from "#lib/tools/deadline.ts";

const manifestLimit = 64 * 1024 * 1024;

export interface StoredSet {
  readonly path: string;
  readonly manifest: Manifest;
}

export interface SetListing {
  /** Of this host and job. */
  readonly own: readonly StoredSet[];
  readonly foreign: readonly { readonly path: string; readonly reason: string }[];
  /** Directories where a set would be, with no manifest that can be read. */
  readonly unknown: readonly { readonly path: string; readonly problem: string }[];
}

/** Whose sets are meant. */
export interface OwnSets {
  readonly host: {
    readonly name: string;
    readonly machineId: string | undefined;
    readonly formerIds: readonly string[];
  };
  readonly job: string;
}

export interface ListRequest extends OwnSets {
  readonly layout: string;
  readonly deadlineMs: number;
}

/** List the sets at the layout's depth below `root`. Symlinks and names with a leading dot are not looked into. */
export async function listSets(root: string, request: ListRequest): Promise<SetListing> {
  const own: StoredSet[] = [];
  const foreign: { path: string; reason: string }[] = [];
  const unknown: { path: string; problem: string }[] = [];
  for (const path of await directoriesAtDepth(root, layoutDepth(request.layout), request.deadlineMs)) {
    const read = await readManifest(path, request.deadlineMs);
    if (!read.ok) {
      unknown.push({ path, problem: read.problem });
      continue;
    }
    const reason = reasonForeign(read.manifest, request);
    if (reason === undefined) own.push({ path, manifest: read.manifest });
    else foreign.push({ path, reason });
  }
  return { own, foreign, unknown };
}

/** The sets of this host and job, newest first. */
export function newestFirst(listing: SetListing): StoredSet[] {
  return listing.own.toSorted((a, b) => Date.parse(b.manifest.startedAt) - Date.parse(a.manifest.startedAt));
}

/** Visible directories exactly `depth` levels below `root`. */
export async function directoriesAtDepth(root: string, depth: number, deadlineMs: number): Promise<string[]> {
  let level = [root];
  for (let step = 0; step < depth; step += 1) {
    const below = await Promise.all(level.map((path) => visibleDirectories(path, deadlineMs)));
    level = below.flat();
  }
  return level;
}

async function visibleDirectories(path: string, deadlineMs: number): Promise<string[]> {
  const entries = await listDirectory(path, deadlineMs);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => join(path, entry.name));
}

/** The entries of a directory; none when it has gone meanwhile. */
export async function listDirectory(path: string, deadlineMs: number): Promise<Dirent[]> {
  try {
    return await withDeadline(readdir(path, { withFileTypes: true }), deadlineMs, `list "${path}"`);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** Read the manifest of the set at `path`. */
export async function readManifest(
  path: string,
  deadlineMs: number,
): Promise<ReturnType<typeof parseManifest>> {
  const read = async () => {
    await using file = await open(join(path, "manifest.json"), constants.O_RDONLY | constants.O_NOFOLLOW);
    const { size } = await file.stat();
    if (size > manifestLimit) return { ok: false, problem: `its manifest has ${size} bytes` } as const;
    return parseManifest(await file.readFile("utf8"));
  };
  try {
    return await withDeadline(read(), deadlineMs, `read the manifest of "${path}"`);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { ok: false, problem: "it has no manifest" };
    if (errorCode(error) === undefined) throw error;
    return { ok: false, problem: `its manifest cannot be read: ${describeError(error)}` };
  }
}

/** Why a set is none of this host's and job's; a machine id that either side lacks is not compared. */
export function reasonForeign({ host, job }: Manifest, request: OwnSets): string | undefined {
  if (host.name !== request.host.name) return `of host "${host.name}"`;
  if (job !== request.job) return `of job "${job}"`;
  const { machineId, formerIds } = request.host;
  if (host.machineId === undefined || machineId === undefined || host.machineId === machineId)
    return undefined;
  if (formerIds.includes(host.machineId)) return undefined;
  return `of an earlier installation of this host: to adopt it, add ${host.machineId} to HOST_FORMER_IDS`;
}
