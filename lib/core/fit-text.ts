/**
 * Cut a text to at most `maxBytes` of UTF-8, between characters, with a line that says how much was left out.
 *
 * "both" keeps head and tail, since the head says what happened and the tail why; "tail" keeps the end alone.
 */
export function fitText(text: string, maxBytes: number, keep: "both" | "tail"): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const before = keep === "both" ? "\n" : "";
  const mark = (left: number) => `${before}[… ${left} bytes left out …]\n`;
  // The mark's own length depends on the number in it, which is never longer than that of all bytes.
  const room = maxBytes - Buffer.byteLength(mark(bytes.length));
  if (room <= 0) return cutTail(bytes, maxBytes);
  const head = keep === "both" ? cutHead(bytes, Math.ceil(room / 2)) : "";
  const tail = cutTail(bytes, room - Buffer.byteLength(head));
  return head + mark(bytes.length - Buffer.byteLength(head) - Buffer.byteLength(tail)) + tail;
}

function cutHead(bytes: Buffer, length: number): string {
  let end = length;
  while (end > 0 && isContinuation(bytes[end])) end -= 1;
  return bytes.subarray(0, end).toString();
}

function cutTail(bytes: Buffer, length: number): string {
  let start = bytes.length - length;
  while (start < bytes.length && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start).toString();
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
