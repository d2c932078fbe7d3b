/**
 * SHA-256 of what is in a file and of where in it that is. Pure.
 *
 * Pages of zeros count for nothing but the size: holes cost no time, however large they claim to be, and a file with holes
 * equals the same file without any.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

export interface ContentDigest {
  /** The next file. */
  readonly begin: () => void;
  readonly write: (bytes: Uint8Array) => void;
  /** As many zeros. */
  readonly skip: (length: number) => void;
  readonly end: () => { readonly digest: string; readonly sizeBytes: number };
}

const pageBytes = 64 * 1024;
/** Before each page stands which one it is. */
const indexBytes = 8;

export function createContentDigest(): ContentDigest {
  const page = Buffer.alloc(indexBytes + pageBytes);
  const content = page.subarray(indexBytes);
  const zeros = Buffer.alloc(pageBytes);
  let hash = createHash("sha256");
  let index = 0;
  let filled = 0;

  const flush = () => {
    if (!content.subarray(0, filled).equals(zeros.subarray(0, filled))) {
      page.writeDoubleBE(index);
      hash.update(page.subarray(0, indexBytes + filled));
    }
    index += 1;
    filled = 0;
  };
  return {
    begin: () => {
      hash = createHash("sha256");
      index = 0;
      filled = 0;
    },
    write: (bytes) => {
      for (let at = 0; at < bytes.length; ) {
        const part = bytes.subarray(at, at + pageBytes - filled);
        content.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled === pageBytes) flush();
      }
    },
    skip: (length) => {
      const here = Math.min(length, filled === 0 ? 0 : pageBytes - filled);
      content.fill(0, filled, filled + here);
      filled += here;
      if (filled === pageBytes) flush();
      const rest = length - here;
      index += Math.floor(rest / pageBytes);
      const last = rest % pageBytes;
      content.fill(0, filled, filled + last);
      filled += last;
    },
    end: () => {
      const sizeBytes = index * pageBytes + filled;
      if (filled > 0) flush();
      return { digest: hash.update(`${sizeBytes}`).digest("latin1"), sizeBytes };
    },
  };
}
