/** What is mounted where, from `/proc/self/mountinfo`, and what should be, from `/etc/fstab`. */
import { Buffer } from "node:buffer";

export interface Mount {
  readonly mountPoint: string;
  readonly fileSystem: string;
  /** Device, dataset or share. */
  readonly source: string;
}

/** Mounts in the order in which they were made: of several at one place, the last is the one that is seen. */
export function parseMountTable(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ", 2);
    const mountPoint = before.split(" ")[4];
    const [fileSystem, source] = after.split(" ");
    if (mountPoint === undefined || fileSystem === undefined || source === undefined) return [];
    return [{ mountPoint: decodeOctal(mountPoint), fileSystem, source: decodeOctal(source) }];
  });
}

/** The mount that a path lies in. The path has no symlinks. */
export function mountOf(path: string, table: readonly Mount[]): Mount | undefined {
  let found: Mount | undefined;
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
