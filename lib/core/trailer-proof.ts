/** Proof of a dump in text: it is read to its end, and its last lines are those that the program writes when it is done. */
import { Buffer } from "node:buffer";
import type { Proof } from "#lib/core/proof.ts";

const tailBytes = 4096;

/**
 * Behind the trailer's line only comment marks, empty lines and PostgreSQL's `\unrestrict` may stand: the same words in the
 * body of a function are no end.
 *
 * `command` turns the component into that text, where it is not the text itself.
 */
export function createTrailerProof(trailer: string, command?: readonly [string, ...string[]]): Proof {
  const escaped = trailer.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const end = new RegExp(`\\n${escaped}[^\\n]*\\n(?:(?:--\\s*|\\\\unrestrict [^\\n]*)?\\n)*$`);
  return {
    command,
    isAlways: true,
    createJudge: () => {
      let bytes = 0;
      let tail = Buffer.alloc(0);
      return {
        read: (chunk) => {
          bytes += chunk.length;
          // A copy: the chunk's memory is used again.
          tail = Buffer.concat([tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
        },
        judge: () => {
          if (end.test(tail.toString("latin1"))) return { bytes };
          return { bytes, problem: `its end is missing: no "${trailer}" in its last lines` };
        },
      };
    },
  };
}
