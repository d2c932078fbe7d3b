/** A systemd unit file with its drop-ins, read as systemd does: sections, keys with several values, an empty value that resets. */

export type UnitFile = ReadonlyMap<string, readonly string[]>;

/** `Timer.OnCalendar` and its like to their values. `texts`: the unit, then its drop-ins by name. */
export function parseUnitFile(texts: readonly string[]): UnitFile {
  const values = new Map<string, string[]>();
  for (const text of texts) {
    let section = "";
    for (const line of text.replaceAll(/\\\n/g, " ").split("\n")) {
      const heading = /^\s*\[([^\]]+)\]\s*$/.exec(line)?.[1];
      if (heading !== undefined) section = heading;
      const [, name, value] = /^\s*([A-Za-z0-9]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (name === undefined || value === undefined) continue;
      const key = `${section}.${name}`;
      values.set(key, value === "" ? [] : [...(values.get(key) ?? []), value]);
    }
  }
  return values;
}
