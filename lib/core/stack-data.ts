/** Which paths are the data of a stack, and which of those that it mounts are not. */

import { isWithin } from "#lib/core/mount-table.ts";
import { isSystemPath } from "#lib/core/system-paths.ts";
import type { Elsewhere } from "#lib/core/volumes.ts";

export type PathType = "directory" | "file" | "other" | "missing";

/** A path as the kernel resolves it. */
export interface ResolvedPath {
  /** Without symlinks. */
  readonly path: string;
  readonly type: PathType;
  /** Symlinks on the way to it, as the path was written. */
  readonly links: readonly string[];
}

export interface BindUse {
  readonly at: ResolvedPath;
  /** As it is written in the compose file. */
  readonly name: string;
  readonly isReadOnly: boolean;
  /** A container has it now. */
  readonly isMounted: boolean;
}

export interface VolumeUse {
  readonly name: string;
  /** Where its data lies, or why that is nowhere on this host. */
  readonly at: ResolvedPath | Elsewhere;
}

export interface StackDataRequest {
  readonly directory: string;
  readonly appdataDir: string | undefined;
  /** Directory of this stack in APPDATA_DIR. */
  readonly appdata: ResolvedPath | undefined;
  readonly definition: readonly ResolvedPath[];
  readonly binds: readonly BindUse[];
  readonly volumes: readonly VolumeUse[];
  /** Where backups go: never part of one. */
  readonly destinations: readonly string[];
  readonly settings: StackDataSettings;
}

export interface StackDataSettings {
  readonly STACK_BINDS: "near" | "all" | "none";
  readonly STACK_VOLUMES: "all" | "none" | readonly string[];
}

export interface DataRoot {
  readonly path: string;
  readonly type: "directory" | "file";
  readonly origin: "appdata" | "bind" | "volume" | "definition";
  /** What an admin calls it: the volume's name, or the path as it is written. */
  readonly name: string;
}

export interface LeftOut {
  readonly path: string;
  readonly reason: string;
  /** It should be there: without it the backup is not whole. */
  readonly isProblem: boolean;
}

export interface StackData {
  /** Files that say what the stack is: archived as they are, outside the window. */
  readonly definition: readonly string[];
  /** What must not change while it is read; none lies inside another. */
  readonly roots: readonly DataRoot[];
  readonly leftOut: readonly LeftOut[];
}

/** What is archived of a stack, and what is not. */
export function chooseStackData(request: StackDataRequest): StackData {
  const roots: DataRoot[] = [];
  const definition = new Set<string>();
  const leftOut: LeftOut[] = [];
  const links = new Set<string>();
  const leave = (path: string, reason: string, isProblem = false) =>
    leftOut.push({ path, reason, isProblem });
  const add = (at: ResolvedPath, origin: DataRoot["origin"], name: string) => {
    const destination = request.destinations.find((one) => isWithin(one, at.path) || isWithin(at.path, one));
    if (destination !== undefined) return leave(at.path, `backups lie in "${destination}"`);
    if (at.type !== "directory" && at.type !== "file") return;
    roots.push({ path: at.path, type: at.type, origin, name });
    for (const link of at.links) links.add(link);
  };
  const define = (at: ResolvedPath) => {
    definition.add(at.path);
    for (const link of at.links) links.add(link);
  };

  if (request.appdata?.type === "directory") add(request.appdata, "appdata", request.appdata.path);
  for (const bind of request.binds) {
    const reason = reasonToLeave(bind, request);
    if (reason !== undefined) leave(bind.name, reason.text, reason.isProblem);
    else if (bind.at.type === "file" && bind.isReadOnly) define(bind.at);
    else add(bind.at, "bind", bind.name);
  }
  for (const { name, at } of request.volumes) {
    if (!isChosen(name, request.settings)) leave(name, "STACK_VOLUMES leaves it out");
    else if ("reason" in at) leave(name, at.reason, at.isProblem);
    else if (at.type === "missing") leave(name, `"${at.path}" is missing`, true);
    else add(at, "volume", name);
  }
  for (const at of request.definition) {
    if (isSystemPath(at.path)) leave(at.path, "it belongs to this machine");
    else if (at.type === "file") define(at);
    else if (at.type === "directory") add(at, "definition", at.path);
    else leave(at.path, at.type === "missing" ? "it is missing" : "it is a socket or a device");
  }
  const near = nearDirectories(request);
  for (const link of links) {
    // Those of the stack come back with it; those of the machine are like its mounts.
    if (near.some((one) => isWithin(link, one) && link !== one)) definition.add(link);
    else leave(link, "it is a link that paths of the stack go through: another host needs it as well");
  }
  const outer = dropInner(roots);
  return {
    definition: [...definition].filter((path) => !outer.some((root) => isWithin(path, root.path))),
    roots: outer,
    leftOut,
  };
}

function reasonToLeave(
  { at, name, isMounted }: BindUse,
  request: StackDataRequest,
): { readonly text: string; readonly isProblem?: boolean } | undefined {
  if (isSystemPath(name) || isSystemPath(at.path)) return { text: "it belongs to this machine" };
  const { STACK_BINDS } = request.settings;
  if (STACK_BINDS === "none") return { text: "STACK_BINDS=none leaves it out" };
  const isNear = nearDirectories(request).some((one) => isWithin(at.path, one) || isWithin(name, one));
  if (STACK_BINDS === "near" && !isNear) {
    return { text: "it lies neither in the stack's directory nor in APPDATA_DIR (STACK_BINDS=near)" };
  }
  if (at.type === "missing") {
    return isMounted
      ? { text: "it is missing: is its disk mounted?", isProblem: true }
      : { text: "it does not exist yet" };
  }
  return at.type === "other" ? { text: "it is a socket or a device" } : undefined;
}

function nearDirectories({ directory, appdataDir }: StackDataRequest): string[] {
  return appdataDir === undefined ? [directory] : [directory, appdataDir];
}

function isChosen(volume: string, { STACK_VOLUMES }: StackDataSettings): boolean {
  return STACK_VOLUMES === "all" || (STACK_VOLUMES !== "none" && STACK_VOLUMES.includes(volume));
}

/** Each path once, and none that another one holds. */
function dropInner(roots: readonly DataRoot[]): DataRoot[] {
  return roots.filter(
    (root, index) =>
      !roots.some(
        (other, place) =>
          place !== index && isWithin(root.path, other.path) && (root.path !== other.path || place < index),
      ),
  );
}
