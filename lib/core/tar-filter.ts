/**
 * A tar stream on its way to tar: every member is judged before a byte of it goes on. Pure.
 *
 * tar and we could disagree only about what tar gets to see, and that is what was understood here: members that are dropped
 * never reach it, nor does anything behind the end of the archive.
 */
import { Buffer } from "node:buffer";
import {
  blockBytes,
  isZeroBlock,
  paddedBytes,
  parseTarHeader,
  TarFormatError,
  withMode,
} from "#lib/core/tar-header.ts";
import {
  checkGlobalHeader,
  composeMember,
  readLongName,
  type TarExtensions,
  type TarMember,
} from "#lib/core/tar-member.ts";

/** What becomes of a member: it goes on, with another mode if need be, or not. */
export type Verdict = { readonly keep: true; readonly mode?: number } | { readonly keep: false };

export interface TarFilter {
  /** Take a chunk of any length; what may go on is handed to `emit` before it returns, in pieces as long as they can be. Throws TarFormatError. */
  readonly push: (chunk: Uint8Array) => void;
  /** Throws TarFormatError unless the archive is at its end. */
  readonly end: () => void;
}

/** Extended headers are held in memory until their member is judged. */
const extensionLimit = 4 * 1024 * 1024;
const none = Buffer.alloc(0);

type Extension = "x" | "g" | "L" | "K";

type State =
  | { readonly at: "header" }
  | { readonly at: "extension"; readonly type: Extension; readonly size: number }
  | { readonly at: "map"; readonly isKept: boolean; readonly size: number }
  | { readonly at: "content"; readonly isKept: boolean; readonly padding: number; left: number }
  | { readonly at: "end" };

/** `onContent` gets the content of what is kept, without padding, besides. */
export function createTarFilter(
  judge: (member: TarMember) => Verdict,
  emit: (bytes: Uint8Array) => void,
  onContent?: (bytes: Uint8Array) => void,
): TarFilter {
  let state: State = { at: "header" };
  let gathered: Buffer = none;
  let held: Buffer[] = [];
  let extensions: TarExtensions = {};
  let zeroBlocks = 0;

  const { send, flush } = joinNeighbours(emit);

  const beginContent = (isKept: boolean, size: number) => {
    const left = paddedBytes(size);
    state = size === 0 ? { at: "header" } : { at: "content", isKept, left, padding: left - size };
  };

  const onHeader = (block: Buffer) => {
    if (isZeroBlock(block)) {
      if (held.length > 0) throw new TarFormatError("it ends within a member");
      zeroBlocks += 1;
      send(block);
      if (zeroBlocks === 2) state = { at: "end" };
      return;
    }
    if (zeroBlocks > 0) throw new TarFormatError("it goes on behind its end");
    const header = parseTarHeader(block);
    if (isExtension(header.type)) {
      if (header.size === 0 || header.size > extensionLimit)
        throw new TarFormatError("an extended header has no valid size");
      if (header.type !== "g") held.push(block);
      state = { at: "extension", type: header.type, size: header.size };
      return;
    }
    const member = composeMember(header, extensions);
    const verdict = judge(member);
    if (verdict.keep) {
      for (const bytes of held) send(bytes);
      send(verdict.mode === undefined ? block : withMode(block, verdict.mode));
    }
    held = [];
    extensions = {};
    if (header.hasMoreMap) state = { at: "map", isKept: verdict.keep, size: member.size };
    else beginContent(verdict.keep, member.size);
  };

  const onExtension = (type: Extension, content: Buffer, padded: Buffer) => {
    state = { at: "header" };
    if (type === "g") {
      checkGlobalHeader(content);
      return;
    }
    held.push(padded);
    const name = { x: "pax", L: "longName", K: "longLink" } as const;
    if (extensions[name[type]] !== undefined) throw new TarFormatError("a member has a header twice");
    extensions = { ...extensions, [name[type]]: type === "x" ? content : readLongName(content) };
  };

  const onMap = (isKept: boolean, size: number, block: Buffer) => {
    if (isKept) send(block);
    const hasMore = block[504] !== 0;
    if (!hasMore) beginContent(isKept, size);
  };

  /** A chunk's memory may be used again while a header waits for its member. */
  const keepHeld = () => {
    if (held.length === 0) return;
    held = held.map((bytes) => Buffer.from(bytes));
    if (extensions.pax !== undefined) extensions = { ...extensions, pax: Buffer.from(extensions.pax) };
  };

  /** How many bytes the present state wants at once; they are gathered when a chunk has fewer. */
  const wanted = () => (state.at === "extension" ? paddedBytes(state.size) : blockBytes);

  const onWhole = (bytes: Buffer) => {
    if (state.at === "header") onHeader(bytes);
    else if (state.at === "extension") onExtension(state.type, bytes.subarray(0, state.size), bytes);
    else if (state.at === "map") onMap(state.isKept, state.size, bytes);
  };

  return {
    push: (chunk) => {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let at = 0; at < bytes.length; ) {
        if (state.at === "end") {
          if (!isZeroBlock(bytes.subarray(at))) throw new TarFormatError("something stands behind its end");
          break;
        }
        if (state.at === "content") {
          const part = bytes.subarray(at, at + state.left);
          if (state.isKept) {
            send(part);
            onContent?.(part.subarray(0, Math.max(0, state.left - state.padding)));
          }
          at += part.length;
          state.left -= part.length;
          if (state.left === 0) state = { at: "header" };
          continue;
        }
        const missing = wanted() - gathered.length;
        const part = bytes.subarray(at, at + missing);
        at += part.length;
        const whole = gathered.length === 0 ? part : Buffer.concat([gathered, part]);
        if (part.length < missing) {
          gathered = Buffer.from(whole);
          continue;
        }
        gathered = none;
        onWhole(whole);
      }
      flush();
      keepHeld();
    },
    end: () => {
      if (state.at !== "end") throw new TarFormatError("it is cut short");
    },
  };
}

/** Hand on what lies side by side in memory as one: most chunks go on as they came. */
function joinNeighbours(emit: (bytes: Uint8Array) => void) {
  let run: Buffer = none;
  const flush = () => {
    if (run.length > 0) emit(run);
    run = none;
  };
  const send = (next: Buffer) => {
    const isNeighbour = run.buffer === next.buffer && run.byteOffset + run.length === next.byteOffset;
    if (isNeighbour && run.length > 0) {
      run = Buffer.from(run.buffer, run.byteOffset, run.length + next.length);
    } else {
      flush();
      run = next;
    }
  };
  return { send, flush };
}

function isExtension(type: string): type is Extension {
  return type === "x" || type === "g" || type === "L" || type === "K";
}
