/** What is mounted where, from `/proc/self/mountinfo`, and what should be, from `/etc/fstab`. */
import { Buffer } from "node:buffer";

export interface Mount {
  readonly mountPoint: string;
  readonly fileSystem: string;
  /** Device, dataset or share. */
  readonly source: string;
}

/** A mount that says what of its file system is seen there. */
export interface RootedMount extends Mount {
  /** `254:1`: two mounts with one device and one source are of one file system. */
  readonly device: string;
  /** The directory of the file system that is mounted: of a bind mount, or of a subvolume, seldom its topmost. */
  readonly root: string;
}

/** Mounts in the order in which they were made: of several at one place, the last is the one that is seen. */
export function parseMountTable(text: string): readonly RootedMount[] {
  return text.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ", 2);
    const [, , device, root, mountPoint] = before.split(" ");
    const [fileSystem, source] = after.split(" ");
    if (device === undefined || root === undefined || mountPoint === undefined) return [];
    if (fileSystem === undefined || source === undefined) return [];
    return [
      {
        mountPoint: decodeOctal(mountPoint),
        fileSystem,
        source: decodeOctal(source),
        device,
        root: decodeOctal(root),
      },
    ];
  });
}

/** The mount that a path lies in. The path has no symlinks. */
export function mountOf<Found extends Mount>(path: string, table: readonly Found[]): Found | undefined {
  let found: Found | undefined;
  for (const mount of table) {
    if (!isWithin(path, mount.mountPoint)) continue;
    if (found === undefined || mount.mountPoint.length >= found.mountPoint.length) found = mount;
  }
  return found;
}

/** Mount points below a path, itself left out. */
export function mountsBelow(path: string, table: readonly Mount[]): readonly string[] {
  return table.map((one) => one.mountPoint).filter((one) => one !== path && isWithin(one, path));
}

/** One directory by two names. */
export interface SharedPlace {
  /** In the directory that was asked about. */
  readonly inside: string;
  /** `path`, or what of it is mounted there. */
  readonly outside: string;
}

/**
 * Where a mount brings `path`, or a part of it, into `directory`: by its name alone it does not lie there. Both without symlinks.
 * As far as the table goes: a mount may be hidden by another one, and what is exported by a server may only look alike.
 */
export function sharedPlaces(path: string, directory: string, table: readonly RootedMount[]): SharedPlace[] {
  const own = mountOf(path, table);
  const top = mountOf(directory, table);
  if (own === undefined || top === undefined) return [];
  const pathInside = moved(path, own.mountPoint, own.root);
  const trees = [
    { at: directory, mount: top, inside: moved(directory, top.mountPoint, top.root) },
    ...table
      .filter(({ mountPoint }) => mountPoint !== directory && isWithin(mountPoint, directory))
      .map((mount) => ({ at: mount.mountPoint, mount, inside: mount.root })),
  ];
  return trees.flatMap(({ at, mount, inside }) => {
    if (mount.device !== own.device || mount.source !== own.source) return [];
    if (isWithin(pathInside, inside)) return [{ inside: moved(pathInside, inside, at), outside: path }];
    if (at === directory || !isWithin(inside, pathInside)) return [];
    return [{ inside: at, outside: moved(inside, pathInside, path) }];
  });
}

/** What `path` is called when `from`, in which it lies, is called `to`. */
function moved(path: string, from: string, to: string): string {
  const rest = path.slice(from === "/" ? 0 : from.length);
  if (rest === "" || rest === "/") return to;
  return to === "/" ? rest : `${to}${rest}`;
}

/** Mount points of `/etc/fstab`; what has none, such as swap, is left out. */
export function parseFstab(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const [source = "#", mountPoint = ""] = line.trim().split(/\s+/);
    return source.startsWith("#") || !mountPoint.startsWith("/") ? [] : [trimEnd(decodeOctal(mountPoint))];
  });
}

/** Where a disk belongs that a path would lie on, and that is not mounted. */
export function findUnmounted(
  path: string,
  table: readonly Mount[],
  fstab: readonly string[],
): string | undefined {
  const mounted = new Set(table.map((one) => one.mountPoint));
  return fstab.find((one) => isWithin(path, one) && !mounted.has(one));
}

/** Whether `path` is `directory` or lies in it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

function trimEnd(path: string): string {
  return path === "/" ? path : path.replace(/\/+$/, "");
}

/** The kernel and fstab write a blank, a backslash and the like as three octal digits, byte by byte. */
function decodeOctal(text: string): string {
  const latin = Buffer.from(text).toString("latin1");
  const bytes = latin.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}
