/** The stored content of a file with holes in the pax format 1.0, as GNU tar writes it: a map, and what lies between the holes. Pure. */
import type { ContentDigest } from "#lib/core/content-digest.ts";
import { blockBytes, TarFormatError } from "#lib/core/tar-header.ts";

export interface SparseContent {
  readonly write: (bytes: Uint8Array) => void;
  /** Throws TarFormatError when something is missing. */
  readonly end: () => void;
}

const lineFeed = 0x0a;
const digitZero = 0x30;

/** Put the file's real content into `digest`. Throws TarFormatError where the map makes no sense. */
export function createSparseContent(digest: ContentDigest, realSizeBytes: number): SparseContent {
  /** Offset and length of each part, in turn. */
  const map: number[] = [];
  let parts: number | undefined;
  let digits = 0;
  let current = 0;
  let readBytes = 0;
  let isMapRead = false;
  let position = 0;
  let at = 0;
  /** Of the part that is being read. */
  let left = 0;

  const refuse = () => new TarFormatError("a file with holes has no valid map");
  const endNumber = () => {
    if (digits === 0 || !Number.isSafeInteger(current)) throw refuse();
    if (parts === undefined) parts = current;
    else map.push(current);
    digits = 0;
    current = 0;
  };
  const isComplete = () => parts !== undefined && map.length === parts * 2;
  /** How many of `bytes` belong to the map. */
  const readMap = (bytes: Uint8Array): number => {
    let taken = 0;
    while (taken < bytes.length && !isMapRead) {
      const byte = bytes[taken] ?? 0;
      taken += 1;
      readBytes += 1;
      if (!isComplete()) {
        if (byte === lineFeed) endNumber();
        else if (byte < digitZero || byte > digitZero + 9) throw refuse();
        else {
          current = current * 10 + byte - digitZero;
          digits += 1;
        }
      }
      // Padding follows.
      isMapRead = isComplete() && readBytes % blockBytes === 0;
    }
    return taken;
  };
  /** Go on to the next part that has bytes; false behind the last one. */
  const beginPart = (): boolean => {
    while (left === 0 && at < map.length) {
      const offset = map[at] ?? 0;
      left = map[at + 1] ?? 0;
      at += 2;
      if (offset < position || offset + left > realSizeBytes) throw refuse();
      digest.skip(offset - position);
      position = offset;
    }
    return left > 0;
  };
  return {
    write: (bytes) => {
      let taken = isMapRead ? 0 : readMap(bytes);
      while (taken < bytes.length) {
        if (!beginPart()) throw refuse();
        const part = bytes.subarray(taken, taken + left);
        digest.write(part);
        taken += part.length;
        left -= part.length;
        position += part.length;
      }
    },
    end: () => {
      if (!isMapRead || beginPart()) throw refuse();
      digest.skip(realSizeBytes - position);
    },
  };
}
