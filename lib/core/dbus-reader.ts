/** Values of a D-Bus message from its bytes. Throws for what does not fit its signature or leaves the message. */

/** Structs, arrays and dictionary entries are arrays; a variant is the value that it holds. */
export type DbusValue = string | number | bigint | boolean | readonly DbusValue[];

export interface DbusReader {
  /** One value of a single complete type. */
  readonly read: (type: string) => DbusValue;
  /** A value for each type of a signature. */
  readonly readAll: (signature: string) => readonly DbusValue[];
  readonly position: () => number;
}

const alignments: Readonly<Record<string, number>> = {
  y: 1,
  g: 1,
  v: 1,
  n: 2,
  q: 2,
  b: 4,
  i: 4,
  u: 4,
  h: 4,
  s: 4,
  o: 4,
  a: 4,
  x: 8,
  t: 8,
  d: 8,
  "(": 8,
  "{": 8,
};
/** The protocol's own limit of nested containers. */
const mostDepth = 64;

export function createDbusReader(bytes: Uint8Array, start: number, isLittle: boolean): DbusReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  let position = start;

  const take = (size: number): number => {
    const at = position;
    if (at + size > bytes.length) throw new RangeError("A value reaches beyond its message");
    position += size;
    return at;
  };
  const readText = (length: number): string => {
    const at = take(length + 1);
    return decoder.decode(bytes.subarray(at, at + length));
  };
  const readArray = (elementType: string, depth: number): DbusValue[] => {
    const length = view.getUint32(take(4), isLittle);
    align(elementType);
    const end = position + length;
    const values: DbusValue[] = [];
    while (position < end) {
      const before = position;
      values.push(readType(elementType, depth + 1));
      // An element of nothing, such as an empty struct, would come for ever.
      if (position === before) throw new RangeError("An array holds an element without a size");
    }
    if (position !== end) throw new RangeError("An array ends in the middle of an element");
    return values;
  };
  const align = (type: string): void => {
    const boundary = alignments[type[0] ?? ""];
    if (boundary === undefined) throw new TypeError(`There is no type "${type}"`);
    position = Math.ceil(position / boundary) * boundary;
  };
  const readType = (type: string, depth: number): DbusValue => {
    if (depth > mostDepth) throw new RangeError("Values are nested too deep");
    align(type);
    switch (type[0]) {
      case "y":
        return view.getUint8(take(1));
      case "n":
        return view.getInt16(take(2), isLittle);
      case "q":
        return view.getUint16(take(2), isLittle);
      case "b":
        return view.getUint32(take(4), isLittle) !== 0;
      case "i":
        return view.getInt32(take(4), isLittle);
      case "u":
      case "h":
        return view.getUint32(take(4), isLittle);
      case "x":
        return view.getBigInt64(take(8), isLittle);
      case "t":
        return view.getBigUint64(take(8), isLittle);
      case "d":
        return view.getFloat64(take(8), isLittle);
      case "s":
      case "o":
        return readText(view.getUint32(take(4), isLittle));
      case "g":
        return readText(view.getUint8(take(1)));
      case "v":
        return readType(readText(view.getUint8(take(1))), depth + 1);
      case "a":
        return readArray(type.slice(1), depth);
      default:
        return splitSignature(type.slice(1, -1)).map((each) => readType(each, depth + 1));
    }
  };
  return {
    read: (type) => readType(type, 0),
    readAll: (signature) => splitSignature(signature).map((type) => readType(type, 0)),
    position: () => position,
  };
}

/** `a{sv}(ob)s` → `a{sv}`, `(ob)`, `s`. */
function splitSignature(signature: string): string[] {
  const types: string[] = [];
  let rest = signature;
  while (rest !== "") {
    const length = typeLength(rest);
    types.push(rest.slice(0, length));
    rest = rest.slice(length);
  }
  return types;
}

function typeLength(signature: string): number {
  if (signature.startsWith("a")) return 1 + typeLength(signature.slice(1));
  const close = { "(": ")", "{": "}" }[signature[0] ?? ""];
  if (close === undefined) return 1;
  let length = 1;
  while (signature[length] !== close) {
    if (length >= signature.length) throw new TypeError(`The signature "${signature}" is not closed`);
    length += typeLength(signature.slice(length));
  }
  return length + 1;
}
