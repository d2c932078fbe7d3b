/** The sets below a directory, sorted by whose they are. */
import { constants, type Dirent } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { KnownMachine } from "#lib/core/machine-ids.ts";
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
  /** Directories where a set would be, with no manifest that can be read, and those on the way that cannot be looked into. */
  readonly unknown: readonly { readonly path: string; readonly problem: string }[];
}

/** Whose sets are meant. */
export interface OwnSets {
  readonly host: KnownMachine & { readonly name: string };
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
  const { found, closed } = await directoriesAtDepth(root, layoutDepth(request.layout), request.deadlineMs);
  const unknown = [...closed];
  for (const path of found) {
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

export interface Directories {
  readonly found: readonly string[];
  /** On the way there, with the reason why they cannot be looked into: other users', `lost+found`, damaged ones. */
  readonly closed: readonly { readonly path: string; readonly problem: string }[];
}

const isVisible = (name: string): boolean => !name.startsWith(".");

/**
 * Directories exactly `depth` levels below `root`, by visible ones, with names that are wanted. Throws when `root` itself cannot be
 * listed, and when a file system does not answer.
 */
export async function directoriesAtDepth(
  root: string,
  depth: number,
  deadlineMs: number,
  isWanted = isVisible,
): Promise<Directories> {
  const closed: { path: string; problem: string }[] = [];
  const listBelow = async (path: string, isNamed: (name: string) => boolean): Promise<string[]> => {
    try {
      const entries = await listDirectory(path, deadlineMs);
      const directories = entries.filter((entry) => entry.isDirectory() && isNamed(entry.name));
      return directories.map(({ name }) => join(path, name));
    } catch (error) {
      if (path === root || errorCode(error) === undefined) throw error;
      closed.push({ path, problem: `it cannot be listed: ${describeError(error)}` });
      return [];
    }
  };
  let level = [root];
  for (let step = 1; step <= depth; step += 1) {
    const isNamed = step === depth ? isWanted : isVisible;
    const below = await Promise.all(level.map((path) => listBelow(path, isNamed)));
    level = below.flat();
  }
  return { found: level, closed };
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

/** Why a set is none of this host's and job's; an id that either side lacks is not compared. */
export function reasonForeign({ host, job }: Manifest, request: OwnSets): string | undefined {
  if (host.name !== request.host.name) return `of host "${host.name}"`;
  if (job !== request.job) return `of job "${job}"`;
  const { machineId, hardwareId, formerIds } = request.host;
  const isOther = (made: string | undefined, own: string | undefined): made is string =>
    made !== undefined && own !== undefined && made !== own && !formerIds.includes(made);
  const hardware = isOther(host.hardwareId, hardwareId) ? [host.hardwareId] : [];
  const adopt = (ids: readonly string[]) => `to adopt it, add ${ids.join(" and ")} to HOST_FORMER_IDS`;
  if (isOther(host.machineId, machineId)) {
    return `of an earlier installation of this host, or of another machine of its name: ${adopt([host.machineId, ...hardware])}`;
  }
  if (hardware.length > 0) {
    return `of a clone of this host, or of this one before it was moved to other hardware: ${adopt(hardware)}`;
  }
  return undefined;
}
