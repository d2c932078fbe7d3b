/** Proof of a dump in text: it is read to its end, and its last lines are those that the program writes when it is done. */
import { Buffer } from "node:buffer";
import type { Proof } from "#lib/core/proof.ts";

const tailBytes = 4096;

/** `command` turns the component into that text, where it is not the text itself. */
export function createTrailerProof(trailer: string, command?: readonly [string, ...string[]]): Proof {
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
          if (tail.includes(`\n${trailer}`)) return { bytes };
          return { bytes, problem: `its end is missing: no "${trailer}" in its last lines` };
        },
      };
    },
  };
}
