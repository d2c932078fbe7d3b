/** One member of a tar archive: its last header together with those that extend it. Pure. */
import type { Buffer } from "node:buffer";
import { parsePaxRecords, TarFormatError, type TarHeader } from "#lib/core/tar-header.ts";

export interface TarMember {
  readonly kind: "file" | "directory" | "symlink" | "hard link" | "device" | "fifo" | "other";
  /** Bytes, each a Latin-1 character, as they will be taken for the name. */
  readonly name: string;
  /** Where a link leads. */
  readonly linkName: string;
  readonly mode: number;
  /** Bytes of content that follow in the archive, without padding. */
  readonly size: number;
  /** A file with holes. With its real size: its content begins with their map; without: they are described in an older way. */
  readonly holes?: { readonly realSizeBytes: number | undefined };
}

/** What stands before a member's own header. */
export interface TarExtensions {
  /** GNU's long name and long link. */
  readonly longName?: string | undefined;
  readonly longLink?: string | undefined;
  /** A pax header's content. */
  readonly pax?: Buffer | undefined;
}

const kinds: Readonly<Record<string, TarMember["kind"]>> = {
  "0": "file",
  "7": "file",
  S: "file",
  "1": "hard link",
  "2": "symlink",
  "3": "device",
  "4": "device",
  "5": "directory",
  "6": "fifo",
};

/** Keys that decide what is written where. */
const decisive = [
  "path",
  "linkpath",
  "size",
  "GNU.sparse.name",
  "GNU.sparse.major",
  "GNU.sparse.realsize",
  "GNU.sparse.size",
] as const;
type Decisive = (typeof decisive)[number];

/** Throws TarFormatError where it could be two different members. */
export function composeMember(header: TarHeader, extensions: TarExtensions): TarMember {
  const pax = readDecisive(extensions.pax);
  const path = pax.get("path");
  if (extensions.longName !== undefined && path !== undefined) throw twice("name");
  if (extensions.longLink !== undefined && pax.has("linkpath")) throw twice("link");
  const name = pax.get("GNU.sparse.name") ?? path ?? extensions.longName ?? header.name;
  const linkName = pax.get("linkpath") ?? extensions.longLink ?? header.linkName;
  const size = sizeOf(pax.get("size")) ?? header.size;
  const holes = holesOf(header, pax);
  const kind = kinds[header.type] ?? "other";
  // By old custom a file whose name ends with a slash is a directory.
  const isDirectory = kind === "file" && name.endsWith("/");
  const member: TarMember = {
    kind: isDirectory ? "directory" : kind,
    name,
    linkName,
    mode: header.mode & 0o7777,
    size,
    ...(holes === undefined ? {} : { holes }),
  };
  if (size > 0 && !["file", "other"].includes(member.kind)) {
    throw new TarFormatError(`a ${member.kind} has content`);
  }
  return member;
}

/** A global header would change every member behind it. Throws TarFormatError unless it is a comment. */
export function checkGlobalHeader(content: Buffer): void {
  const meant = parsePaxRecords(content).find(([key]) => key !== "comment");
  if (meant !== undefined) throw new TarFormatError(`a header sets "${meant[0]}" for all members`);
}

/** Text of a GNU long name. */
export function readLongName(content: Buffer): string {
  const end = content.indexOf(0);
  return content.toString("latin1", 0, end === -1 ? content.length : end);
}

function readDecisive(pax: Buffer | undefined): ReadonlyMap<Decisive, string> {
  const found = new Map<Decisive, string>();
  for (const [key, value] of pax === undefined ? [] : parsePaxRecords(pax)) {
    const known = decisive.find((one) => one === key);
    if (known === undefined) continue;
    if (found.has(known)) throw twice(known);
    if (value.includes("\0")) throw new TarFormatError(`a ${known} holds a NUL`);
    found.set(known, value);
  }
  return found;
}

/** GNU's formats 0.0 and 0.1 name a size, 1.0 a real one; its oldest has a type of its own. */
function holesOf({ type }: TarHeader, pax: ReadonlyMap<Decisive, string>): TarMember["holes"] {
  if (pax.get("GNU.sparse.major") === "1") return { realSizeBytes: sizeOf(pax.get("GNU.sparse.realsize")) };
  return type === "S" || pax.has("GNU.sparse.size") ? { realSizeBytes: undefined } : undefined;
}

function sizeOf(pax: string | undefined): number | undefined {
  if (pax === undefined) return undefined;
  const size = /^\d{1,16}$/.test(pax) ? Number(pax) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw new TarFormatError("an extended header has no valid size");
  return size;
}

function twice(what: string): TarFormatError {
  return new TarFormatError(`a member has its ${what} twice`);
}
