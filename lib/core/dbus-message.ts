/**
 * Messages of D-Bus as bytes. Pure.
 *
 * Of writing only what calls of systemd need: texts and lists of texts. What is read may be anything, in either byte order,
 * and comes from outside: whatever does not fit throws.
 */
import { createDbusReader, type DbusValue } from "#lib/core/dbus-reader.ts";

export type DbusArgument = string | readonly string[];

/** A call of a method; `destination` is left out on a connection without a bus in between. */
export interface DbusCall {
  readonly destination?: string | undefined;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly args?: readonly DbusArgument[];
}

export interface DbusMessage {
  readonly kind: "call" | "reply" | "error" | "signal" | "other";
  /** The serial of the call that this answers. */
  readonly replyTo: number | undefined;
  readonly path: string | undefined;
  readonly interface: string | undefined;
  readonly member: string | undefined;
  readonly errorName: string | undefined;
  readonly body: readonly DbusValue[];
}

const kinds = { 1: "call", 2: "reply", 3: "error", 4: "signal" } as const;
const callType = 1;
const headerFields = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  replyTo: 5,
  destination: 6,
  signature: 8,
};
const fixedBytes = 16;
/** The protocol's own limit. */
const mostBytes = 2 ** 27;

/** The bytes of a call. */
export function encodeDbusCall(call: DbusCall, serial: number): Uint8Array {
  const { args = [] } = call;
  const body = createWriter();
  for (const arg of args) {
    if (typeof arg === "string") body.text(arg);
    else body.texts(arg);
  }
  const fields = createWriter();
  const field = (code: number, type: string, value: string) => {
    fields.align(8);
    fields.byte(code);
    fields.signature(type);
    if (type === "g") fields.signature(value);
    else fields.text(value);
  };
  field(headerFields.path, "o", call.path);
  field(headerFields.interface, "s", call.interface);
  field(headerFields.member, "s", call.member);
  if (call.destination !== undefined) field(headerFields.destination, "s", call.destination);
  const signature = args.map((arg) => (typeof arg === "string" ? "s" : "as")).join("");
  if (signature !== "") field(headerFields.signature, "g", signature);
  const header = createWriter();
  for (const byte of [0x6c, callType, 0, 1]) header.byte(byte);
  header.number(body.bytes.length);
  header.number(serial);
  header.number(fields.bytes.length);
  for (const byte of fields.bytes) header.byte(byte);
  header.align(8);
  return Uint8Array.from([...header.bytes, ...body.bytes]);
}

/** Bytes of the message that begins here; undefined while too few are there to tell. Throws for what is no message. */
export function dbusMessageLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < fixedBytes) return undefined;
  const { view, isLittle } = viewOf(bytes);
  const length = alignTo(8, fixedBytes + view.getUint32(12, isLittle)) + view.getUint32(4, isLittle);
  if (length > mostBytes) throw new Error(`A message of ${length} bytes is longer than the protocol allows`);
  return length;
}

/** Read one whole message. Throws for what is no message. */
export function decodeDbusMessage(bytes: Uint8Array): DbusMessage {
  const { view, isLittle } = viewOf(bytes);
  const kind = kinds[view.getUint8(1) as keyof typeof kinds] ?? "other";
  const fields = new Map<number, DbusValue>();
  const header = createDbusReader(bytes, 12, isLittle);
  for (const field of header.read("a(yv)") as [number, DbusValue][]) fields.set(field[0], field[1]);
  const text = (code: number) => {
    const value = fields.get(code);
    return typeof value === "string" ? value : undefined;
  };
  const replyTo = fields.get(headerFields.replyTo);
  const body = createDbusReader(bytes, alignTo(8, header.position()), isLittle);
  return {
    kind,
    replyTo: typeof replyTo === "number" ? replyTo : undefined,
    path: text(headerFields.path),
    interface: text(headerFields.interface),
    member: text(headerFields.member),
    errorName: text(headerFields.errorName),
    body: body.readAll(text(headerFields.signature) ?? ""),
  };
}

function viewOf(bytes: Uint8Array): { readonly view: DataView; readonly isLittle: boolean } {
  const order = bytes[0];
  if (order !== 0x6c && order !== 0x42) throw new Error(`A message begins with byte ${order}`);
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), isLittle: order === 0x6c };
}

function alignTo(boundary: number, position: number): number {
  return Math.ceil(position / boundary) * boundary;
}

function createWriter() {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  const align = (boundary: number) => {
    while (bytes.length % boundary !== 0) bytes.push(0);
  };
  const number = (value: number) => {
    align(4);
    bytes.push(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
  };
  const text = (value: string) => {
    const encoded = encoder.encode(value);
    number(encoded.length);
    bytes.push(...encoded, 0);
  };
  return {
    bytes,
    align,
    number,
    text,
    byte: (value: number) => {
      bytes.push(value);
    },
    signature: (value: string) => {
      const encoded = encoder.encode(value);
      bytes.push(encoded.length, ...encoded, 0);
    },
    texts: (values: readonly string[]) => {
      number(0);
      const start = bytes.length;
      for (const value of values) text(value);
      const length = bytes.length - start;
      for (let at = 0; at < 4; at += 1) bytes[start - 4 + at] = (length >>> (8 * at)) & 0xff;
    },
  };
}
