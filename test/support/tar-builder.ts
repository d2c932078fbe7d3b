/** Tar archives byte by byte, such as no tar program would write. */
export interface EntryOptions {
  readonly type?: string;
  readonly mode?: string;
  readonly content?: string;
  /** Instead of the content's length. */
  readonly size?: string;
  readonly linkName?: string;
  readonly magic?: string;
  readonly prefix?: string;
}

const block = 512;

/** One header with its content, padded. */
export function entry(name: string, options: EntryOptions = {}): Buffer {
  const {
    type = "0",
    mode = "0000644",
    content = "",
    linkName = "",
    magic = "ustar\x0000",
    prefix = "",
  } = options;
  const body = Buffer.from(content, "latin1");
  const header = Buffer.alloc(block);
  header.write(name, 0, 100, "latin1");
  header.write(`${mode}\0`, 100, "latin1");
  header.write("0000000\x000000000\0", 108, "latin1");
  header.write(`${options.size ?? body.length.toString(8).padStart(11, "0")}\0`, 124, 12, "latin1");
  header.write("14000000000\0", 136, "latin1");
  header.write(type, 156, "latin1");
  header.write(linkName, 157, 100, "latin1");
  header.write(magic, 257, "latin1");
  header.write(prefix, 345, 155, "latin1");
  return Buffer.concat([sealed(header), body, Buffer.alloc((block - (body.length % block)) % block)]);
}

/** The header with its checksum. */
export function sealed(header: Buffer): Buffer {
  header.write("        ", 148, "latin1");
  const sum = header.subarray(0, block).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

/** A pax header for the next entry, or for all of them. */
export function pax(records: readonly (readonly [string, string])[], type = "x"): Buffer {
  const lines = records.map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
    return `${length}${rest}`;
  });
  return entry("pax", { type, content: lines.join("") });
}

/** GNU's long name ("L") or long link ("K") for the next entry. */
export function long(type: "L" | "K", name: string): Buffer {
  return entry("././@LongLink", { type, content: `${name}\0`, magic: "ustar  \0" });
}

export const end = Buffer.alloc(2 * block);

export function archive(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([...parts, end]);
}
