/**
 * Events in a dump of MySQL or MariaDB on its way into a server where they shall not run yet. Pure.
 *
 * One that names another database outright would work on that one too. So they are made disabled, and never run for a moment.
 */
import { Buffer } from "node:buffer";

/** In rows a line cannot begin so: line feeds are escaped there. */
const beginning = Buffer.from("\n/*!50106 CREATE");
const whole =
  /^\n\/\*!50106 CREATE(?:\*\/ \/\*!50117 DEFINER=.*?\*\/ \/\*!50106)? EVENT `((?:[^`]|``)*)` ON SCHEDULE (?:(?! ON COMPLETION ).)+ ON COMPLETION (?:NOT )?PRESERVE (?=ENABLE\b)/;
/** A name, a definer and a schedule are shorter; statements may have megabytes. */
const longest = 4096;

export interface EventDisabler {
  /** What goes on in place of a chunk. The dump's last line feed may be lacking. */
  readonly rewrite: (chunk: Uint8Array) => Uint8Array;
  /** Names of those that were enabled, so far. */
  readonly disabled: () => readonly string[];
}

export function createEventDisabler(): EventDisabler {
  const names: string[] = [];
  let held: Buffer = Buffer.alloc(0);
  const rewrite = (chunk: Uint8Array): Uint8Array => {
    const bytes = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    const parts: Buffer[] = [];
    let sent = 0;
    let at = findBeginning(bytes, 0);
    for (; at !== -1; at = findBeginning(bytes, at + 1)) {
      const text = bytes.toString("latin1", at, at + longest);
      const found = whole.exec(text);
      if (found !== null) {
        const end = at + found[0].length;
        parts.push(bytes.subarray(sent, end), Buffer.from("DISABLE"));
        sent = end + "ENABLE".length;
        names.push(
          Buffer.from(found[1] ?? "", "latin1")
            .toString()
            .replaceAll("``", "`"),
        );
      } else if (text.length < longest && !text.includes("\n", 1)) break;
    }
    held = Buffer.from(bytes.subarray(at === -1 ? bytes.length : at));
    parts.push(bytes.subarray(sent, bytes.length - held.length));
    return Buffer.concat(parts);
  };
  return { rewrite, disabled: () => names };
}

/** A dump of definitions alone, with its events disabled. */
export function disableEvents(sql: string): string {
  return Buffer.from(createEventDisabler().rewrite(Buffer.from(sql))).toString();
}

/** Also of one that is cut by the end. */
function findBeginning(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(beginning, from);
  if (at !== -1) return at;
  const lineFeed = bytes.lastIndexOf("\n");
  const isCut = lineFeed >= from && beginning.indexOf(bytes.subarray(lineFeed)) === 0;
  return isCut ? lineFeed : -1;
}
