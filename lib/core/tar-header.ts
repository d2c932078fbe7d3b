/**
 * Headers of tar archives: v7, ustar, pax and GNU, read strictly. Pure.
 *
 * What GNU tar might read in another way than we do is no archive here: numbers with trailing words, names given twice, links
 * that claim to have content. Names are bytes, each a Latin-1 character.
 */
import { Buffer } from "node:buffer";

export const blockBytes = 512;

/** The archive is none, or could mean two things. */
export class TarFormatError extends Error {
  override readonly name = "TarFormatError";
}

export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  /** As it stands there; a NUL is "0". */
  readonly type: string;
  readonly mode: number;
  /** Bytes of content that follow, without padding. */
  readonly size: number;
  /** Old GNU sparse files: another block of the map follows. */
  readonly hasMoreMap: boolean;
}

/** Offset and length of the fields that are read. */
const fields = {
  name: [0, 100],
  mode: [100, 8],
  size: [124, 12],
  checksum: [148, 8],
  linkName: [157, 100],
  magic: [257, 6],
  prefix: [345, 155],
} as const;
const typeAt = 156;
const sparseMoreAt = 482;

/** Throws TarFormatError. */
export function parseTarHeader(block: Buffer): TarHeader {
  const sum = checksumOf(block);
  if (parseOctal(block, fields.checksum, "checksum") !== sum) throw new TarFormatError("a header is damaged");
  const type = block[typeAt] === 0 ? "0" : String.fromCharCode(block[typeAt] ?? 0);
  const name = textOf(block, fields.name);
  const prefix = textOf(block, fields.magic) === "ustar" ? textOf(block, fields.prefix) : "";
  const isPosix = block.toString("latin1", 257, 263) === "ustar\0";
  return {
    name: isPosix && prefix !== "" ? `${prefix}/${name}` : name,
    linkName: textOf(block, fields.linkName),
    type,
    mode: parseOctal(block, fields.mode, "mode"),
    size: parseNumber(block, fields.size, "size"),
    hasMoreMap: type === "S" && block[sparseMoreAt] !== 0,
  };
}

/** The same block with another mode. */
export function withMode(block: Buffer, mode: number): Buffer {
  const changed = Buffer.from(block);
  const [at, length] = fields.mode;
  changed.write(`${mode.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  const sum = checksumOf(changed).toString(8).padStart(6, "0");
  changed.write(`${sum}\0 `, fields.checksum[0], "latin1");
  return changed;
}

export function isZeroBlock(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** Records of a pax header in their order. Throws TarFormatError. */
export function parsePaxRecords(data: Buffer): readonly (readonly [key: string, value: string])[] {
  const records: [string, string][] = [];
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const digits = space === -1 ? "" : data.toString("latin1", at, space);
    const end = /^[1-9]\d{0,8}$/.test(digits) ? at + Number(digits) : 0;
    const equals = data.indexOf(0x3d, space);
    if (end > data.length || equals === -1 || equals >= end || data[end - 1] !== 0x0a) {
      throw new TarFormatError("an extended header is damaged");
    }
    records.push([data.toString("latin1", space + 1, equals), data.toString("latin1", equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** As if its own field held spaces. */
function checksumOf(block: Buffer): number {
  const [at, length] = fields.checksum;
  let sum = length * 0x20;
  for (let index = 0; index < at; index += 1) sum += block[index] ?? 0;
  for (let index = at + length; index < blockBytes; index += 1) sum += block[index] ?? 0;
  return sum;
}

function textOf(block: Buffer, [at, length]: readonly [number, number]): string {
  const end = block.indexOf(0, at);
  return block.toString("latin1", at, end === -1 || end > at + length ? at + length : end);
}

function parseOctal(block: Buffer, field: readonly [number, number], what: string): number {
  const [at, length] = field;
  const text = block.toString("latin1", at, at + length);
  const digits = /^ *([0-7]+)[ \0]*$/.exec(text)?.[1];
  if (digits === undefined) throw new TarFormatError(`a header has no valid ${what}`);
  return Number.parseInt(digits, 8);
}

/** Octal, or GNU's base 256 for what has no room in it. */
function parseNumber(block: Buffer, field: readonly [number, number], what: string): number {
  const [at, length] = field;
  if ((block[at] ?? 0) < 0x80) return parseOctal(block, field, what);
  const value = BigInt(`0x${block.toString("hex", at + 1, at + length)}`);
  if (block[at] !== 0x80 || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new TarFormatError(`a header has no valid ${what}`);
  }
  return Number(value);
}

/** Bytes that a content of `size` takes up in the archive. */
export function paddedBytes(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}
