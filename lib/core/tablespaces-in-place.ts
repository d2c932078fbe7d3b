/**
 * A dump of a whole server of PostgreSQL on its way into another one on the same machine. Pure.
 *
 * It names the directories of its tablespaces, which the live server uses. They are made within the new one's own data instead.
 * They stand before the first database, where there are no rows that could look like them.
 */
import { Buffer } from "node:buffer";

const create = /^(CREATE TABLESPACE .+ LOCATION )'.*';$/s;
const lineFeed = 0x0a;

/** Gives what goes on in place of a chunk. */
export function createTablespacesInPlace(): (chunk: Uint8Array) => Uint8Array {
  let held = Buffer.alloc(0);
  let isBefore = true;
  const rewrite = (line: string): string => {
    if (line.startsWith("\\connect ")) isBefore = false;
    const head = create.exec(line)?.[1];
    return head === undefined ? line : `SET allow_in_place_tablespaces = on; ${head}'';`;
  };
  return (chunk) => {
    if (!isBefore) return chunk;
    const bytes = Buffer.concat([held, chunk]);
    const lines: string[] = [];
    let at = 0;
    while (isBefore) {
      const end = bytes.indexOf(lineFeed, at);
      if (end === -1) break;
      lines.push(`${rewrite(bytes.toString("latin1", at, end))}\n`);
      at = end + 1;
    }
    held = isBefore ? bytes.subarray(at) : Buffer.alloc(0);
    const rest = isBefore ? Buffer.alloc(0) : bytes.subarray(at);
    return Buffer.concat([Buffer.from(lines.join(""), "latin1"), rest]);
  };
}
