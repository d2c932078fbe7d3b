/** Texts cut to what a receiver takes, between characters. */

/** What a limit counts: bytes of UTF-8, or characters as most services count them (UTF-16 units). */
type Unit = "bytes" | "characters";

/**
 * Cut a text to at most `limit` bytes of UTF-8 or characters, with a line that says how much was left out.
 *
 * "both" keeps head and tail, since the head says what happened and the tail why; "tail" keeps the end alone.
 */
export function fitText(text: string, limit: number, keep: "both" | "tail", unit: Unit = "bytes"): string {
  const { lengthOf, cutHead, cutTail } = rulers[unit];
  const length = lengthOf(text);
  if (length <= limit) return text;
  const before = keep === "both" ? "\n" : "";
  const mark = (left: number) => `${before}[… ${left} ${unit} left out …]\n`;
  // The mark's own length depends on the number in it, which is never longer than that of the whole text.
  const room = limit - lengthOf(mark(length));
  if (room <= 0) return cutTail(text, limit);
  const head = keep === "both" ? cutHead(text, Math.ceil(room / 2)) : "";
  const tail = cutTail(text, room - lengthOf(head));
  return head + mark(length - lengthOf(head) - lengthOf(tail)) + tail;
}

/** A line cut to at most `limit` characters (UTF-16 units), with an ellipsis in the place of what follows. */
export function fitLine(line: string, limit: number): string {
  return line.length <= limit ? line : `${rulers.characters.cutHead(line, limit - 1)}…`;
}

interface Ruler {
  readonly lengthOf: (text: string) => number;
  readonly cutHead: (text: string, length: number) => string;
  readonly cutTail: (text: string, length: number) => string;
}

const rulers: Readonly<Record<Unit, Ruler>> = {
  bytes: { lengthOf: (text) => Buffer.byteLength(text), cutHead: cutHeadBytes, cutTail: cutTailBytes },
  characters: {
    lengthOf: (text) => text.length,
    cutHead: (text, length) => text.slice(0, isInsidePair(text, length) ? length - 1 : length),
    cutTail: (text, length) => {
      const start = text.length - length;
      return text.slice(isInsidePair(text, start) ? start + 1 : start);
    },
  },
};

function cutHeadBytes(text: string, length: number): string {
  const bytes = Buffer.from(text);
  let end = length;
  while (end > 0 && isContinuation(bytes[end])) end -= 1;
  return bytes.subarray(0, end).toString();
}

function cutTailBytes(text: string, length: number): string {
  const bytes = Buffer.from(text);
  let start = bytes.length - length;
  while (start < bytes.length && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start).toString();
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** Whether a cut at `index` would part the two halves of one character. */
function isInsidePair(text: string, index: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(index - 1, index + 1));
}
