/** Unit files of systemd with their drop-ins, templates and the links that enable them, as they lie on the machine. */
import { parseUnitFile, type UnitFile } from "#lib/core/unit-file.ts";
import type { Search } from "#lib/cron/finder.ts";
import type { Listed, Look, ReadFile } from "#lib/cron/machine.ts";

export interface Units {
  /** Who they run as unless they say so. */
  readonly user: string;
  readonly files: readonly Listed[];
  /** Units that a target starts. */
  readonly enabled: ReadonlySet<string>;
}

export interface Unit {
  readonly name: string;
  readonly path: string;
  readonly unit: UnitFile;
  readonly isMasked: boolean;
}

/** The first directory that has a unit hides it in the others. */
export function listUnits(look: Look, directories: readonly string[], user: string): Units {
  const lists = directories.map((directory) => look.list(directory));
  const all = lists.flat();
  const isEnabling = ({ name }: Listed) => /\.(?:wants|requires)\//.test(name);
  const enabled = all.filter(isEnabling).map(({ name }) => name.split("/").at(-1) ?? "");
  return { user, files: all.filter((file) => !isEnabling(file)), enabled: new Set(enabled) };
}

/** Units of a kind that are wanted; instances that are wanted are made from their templates. */
export async function readUnits(
  { read }: Pick<Search, "read">,
  units: Units,
  kind: "timer" | "service",
  wanted: ReadonlySet<string> | undefined,
): Promise<readonly Unit[]> {
  const names =
    wanted === undefined ? undefined : new Set([...wanted].flatMap((name) => [name, templateOf(name)]));
  const isOfKind = ({ name }: Listed) => {
    const unit = /^([^/]+\.(?:timer|service))(?:\.d\/[^/]+\.conf)?$/.exec(name)?.[1];
    return unit?.endsWith(`.${kind}`) === true && (names === undefined || names.has(unit));
  };
  const files = await read(units.files.filter(isOfKind));
  const ofDirectories = files.filter(({ name }) => !name.includes("/"));
  const find = (name: string) => firstOf(units, ofDirectories, name);
  const instances = [...(wanted ?? units.enabled)].filter((name) => name.endsWith(`.${kind}`) && !find(name));
  const own = new Set(ofDirectories.map(({ name }) => name));
  return [...own, ...instances].flatMap((name): readonly Unit[] => {
    const file = find(name) ?? find(templateOf(name));
    if (file === undefined) return [];
    const dropIns = files.filter((one) =>
      [name, file.name].some((unit) => one.name.startsWith(`${unit}.d/`)),
    );
    const texts = [file, ...dropIns.sort((a, b) => (a.name < b.name ? -1 : 1))].map(({ text }) =>
      text.replaceAll(/%[iI]/g, instanceOf(name)),
    );
    // A link to /dev/null is read as empty, and means the same.
    return [{ name, path: file.path, unit: parseUnitFile(texts), isMasked: file.text === "" }];
  });
}

/** Of the directory that comes first, however the files were read. */
function firstOf({ files }: Units, read: readonly ReadFile[], name: string): ReadFile | undefined {
  const path = files.find((file) => file.name === name)?.path;
  return read.find((file) => file.path === path);
}

const templateOf = (name: string) => name.replace(/@.+(\.\w+)$/, "@$1");
const instanceOf = (name: string) => /@(.+)\.\w+$/.exec(name)?.[1] ?? "";
