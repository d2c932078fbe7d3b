/**
 * Rows of a dump of PostgreSQL as SQL, counted as its bytes pass by.
 *
 * Statements are read as a server reads them, quotes included: a function's body may hold any text, COPY statements as well.
 * Behind a COPY each line is a row, since line breaks of the data are escaped, up to a line that is `\.`.
 */
import { createHeadBuffer, createRowTally, type RowCounter } from "#lib/core/row-counts.ts";

const lineFeed = 0x0a;
const doubleQuote = 0x22;
const dollar = 0x24;
const singleQuote = 0x27;
const open = 0x28;
const close = 0x29;
const minus = 0x2d;
const dot = 0x2e;
const semicolon = 0x3b;
const backslash = 0x5c;

const name = /(?:"(?:[^"]|"")+"|[^\s."]+)/.source;
const copyHead = new RegExp(`^COPY (?:(${name})\\.)?(${name}) +(?:\\(\\) )?FROM stdin$`);
const plainConnect = /^\\connect ("?)([^\s"]+)\1$/;
const oddConnect = /^\\connect -reuse-previous=on "dbname='(.*)'"$/;

type Mode = "statement" | "name" | "text" | "tag" | "body" | "comment" | "command" | "begin" | "rows";

export function createPostgresRowCounter(): RowCounter {
  const tally = createRowTally();
  const head = createHeadBuffer();
  let mode: Mode = "statement";
  let depth = 0;
  let previous = 0;
  /** `$…$`, which begins a text and ends it. */
  let tag: number[] = [];
  let matched = 0;
  let database: string | undefined;

  const endStatement = () => {
    const [, schema, table] = copyHead.exec(head.text()) ?? [];
    head.clear();
    depth = 0;
    if (table === undefined) return;
    const parent = {
      ...(database === undefined ? {} : { database }),
      ...(schema === undefined ? {} : { schema: plainName(schema) }),
    };
    tally.begin(plainName(table), parent);
    mode = "begin";
  };
  const endCommand = () => {
    const line = head.text();
    const odd = oddConnect.exec(line)?.[1];
    if (odd !== undefined) database = odd.replaceAll('""', '"').replaceAll(/\\(.)/g, "$1");
    else database = plainConnect.exec(line)?.[2] ?? database;
    head.clear();
    mode = "statement";
  };
  const readStatement = (byte: number) => {
    const isFirst = head.length() === 0 && depth === 0;
    if (isFirst && byte <= 0x20) return;
    const isOutside = depth === 0;
    if (byte === minus && previous === minus) {
      if (isOutside) head.pop();
      mode = "comment";
    } else if (byte === semicolon) endStatement();
    else {
      if (byte === open) depth += 1;
      if (byte === close) depth -= 1;
      if (isOutside || depth === 0) head.push(byte);
      if (isFirst && byte === backslash) mode = "command";
      else if (byte === singleQuote) mode = "text";
      else if (byte === doubleQuote) mode = "name";
      else if (byte === dollar && !isOfName(previous)) {
        tag = [dollar];
        mode = "tag";
      }
    }
  };
  const readTag = (byte: number) => {
    tag.push(byte);
    if (byte === dollar) {
      matched = 0;
      mode = "body";
    } else if (!isOfName(byte)) {
      // A parameter, such as $1.
      mode = "statement";
      readStatement(byte);
    }
  };
  const readBody = (byte: number) => {
    matched = byte === tag[matched] ? matched + 1 : Number(byte === dollar);
    if (matched === tag.length) mode = "statement";
  };
  const readName = (byte: number) => {
    if (depth === 0) head.push(byte);
    if (byte === doubleQuote) mode = "statement";
  };
  /** Large objects are such texts. */
  const readText = (chunk: Uint8Array, from: number): number => {
    const end = chunk.indexOf(singleQuote, from);
    if (end === -1) return chunk.length;
    previous = singleQuote;
    mode = "statement";
    return end + 1;
  };
  const readByte = (byte: number) => {
    if (mode === "statement") readStatement(byte);
    else if (mode === "name") readName(byte);
    else if (mode === "tag") readTag(byte);
    else if (mode === "body") readBody(byte);
    else if (mode === "command" && byte !== lineFeed) head.push(byte);
    else if (mode === "command") endCommand();
    else if (byte === lineFeed) {
      mode = mode === "begin" ? "rows" : "statement";
      matched = 0;
    }
    previous = byte;
  };
  /** `matched` is how much of the last line there is, or -1 within any other. Nearly all of a dump passes through here. */
  const readRows = (chunk: Uint8Array, from: number): number => {
    let rows = 0;
    let at = from;
    while (at < chunk.length && mode === "rows") {
      if (matched === -1) {
        const end = chunk.indexOf(lineFeed, at);
        if (end === -1) at = chunk.length;
        else {
          rows += 1;
          matched = 0;
          at = end + 1;
        }
        continue;
      }
      const byte = chunk[at];
      if (matched === 2 && byte === lineFeed) mode = "statement";
      else if (matched === 0 && byte === backslash) matched = 1;
      else if (matched === 1 && byte === dot) matched = 2;
      else {
        matched = -1;
        continue;
      }
      at += 1;
    }
    tally.add(rows);
    return at;
  };
  return {
    read: (chunk) => {
      let at = 0;
      while (at < chunk.length) {
        if (mode === "rows") at = readRows(chunk, at);
        else if (mode === "text") at = readText(chunk, at);
        else readByte(chunk[at++] ?? 0);
      }
    },
    counted: () =>
      mode === "comment" || (mode === "statement" && head.length() === 0) ? tally.sum() : undefined,
  };
}

/** Letters, digits, `_`, `$`, and every byte beyond ASCII. */
function isOfName(byte: number): boolean {
  const letter = byte | 0x20;
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (letter >= 0x61 && letter <= 0x7a) ||
    byte === 0x5f ||
    byte === dollar ||
    byte >= 0x80
  );
}

function plainName(written: string): string {
  return written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
}
