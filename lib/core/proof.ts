/** How a component is proven to be readable: it is decompressed and read to its end. */
import type { RowCounts } from "#lib/core/row-counts.ts";

export interface ProofResult {
  /** Size of what was read. */
  readonly bytes?: number | undefined;
  /** Members, where the component has any. */
  readonly entries?: number | undefined;
  /** Of a dump's tables; undefined where they cannot be told. */
  readonly rows?: RowCounts | undefined;
  /** Why the component is not whole; undefined when it is. */
  readonly problem?: string | undefined;
}

export interface ProofJudge {
  /** A chunk of what the command writes, or of the component itself; it is valid during the call only. */
  readonly read: (chunk: Uint8Array) => void;
  /** Asked after every stage has ended well. */
  readonly judge: () => ProofResult;
}

export interface Proof {
  /** Program that reads the uncompressed component on its standard input; undefined: its bytes themselves are looked at. */
  readonly command?: readonly [string, ...string[]] | undefined;
  /** Carried out even when VERIFY is off. */
  readonly isAlways: boolean;
  readonly createJudge: () => ProofJudge;
}

const lineFeed = 0x0a;

/**
 * A tar archive is listed to its end.
 *
 * tar lists to a pipe, never to /dev/null: with that as its output GNU tar skips the reading. What the list proves: the
 * compressor's own checksums hold to the last byte, and the tar stream is whole.
 */
export const tarProof: Proof = {
  command: ["tar", "--list", "--quoting-style=escape", "--file=-"],
  isAlways: false,
  createJudge: () => {
    let entries = 0;
    return {
      read: (chunk) => {
        for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, at + 1)) entries += 1;
      },
      judge: () => ({ entries }),
    };
  },
};
