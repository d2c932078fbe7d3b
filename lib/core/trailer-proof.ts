/** Proof of a dump in text: it is read to its end, and its last lines are those that the program writes when it is done. */
import { Buffer } from "node:buffer";
import type { Proof } from "#lib/core/proof.ts";
import type { RowCounter } from "#lib/core/row-counts.ts";

const tailBytes = 4096;

interface TrailerOptions {
  readonly command?: readonly [string, ...string[]] | undefined;
  /** Of the text's rows. */
  readonly createCounter?: (() => RowCounter) | undefined;
}

/**
 * Behind the trailer's line only comment marks, empty lines and PostgreSQL's `\unrestrict` may stand: the same words in the
 * body of a function are no end.
 *
 * `command` turns the component into that text, where it is not the text itself.
 */
export function createTrailerProof(trailer: string, { command, createCounter }: TrailerOptions = {}): Proof {
  const escaped = trailer.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const end = new RegExp(`\\n${escaped}[^\\n]*\\n(?:(?:--\\s*|\\\\unrestrict [^\\n]*)?\\n)*$`);
  return {
    command,
    isAlways: true,
    createJudge: () => {
      let bytes = 0;
      let tail = Buffer.alloc(0);
      const counter = createCounter?.();
      return {
        read: (chunk) => {
          bytes += chunk.length;
          counter?.read(chunk);
          // A copy: the chunk's memory is used again.
          tail = Buffer.concat([tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
        },
        judge: () => {
          if (end.test(tail.toString("latin1"))) return { bytes, rows: counter?.counted() };
          return { bytes, problem: `its end is missing: no "${trailer}" in its last lines` };
        },
      };
    },
  };
}
