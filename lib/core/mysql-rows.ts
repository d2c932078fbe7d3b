/**
 * Rows of a dump by mysqldump or mariadb-dump, counted as its bytes pass by.
 *
 * Statements are read as a server reads them, quotes included, since names and routines may hold any text, INSERT statements
 * as well. Every row of an INSERT is in parentheses, and values have none outside of their quotes.
 */
import { createHeadBuffer, createRowTally, type RowCounter } from "#lib/core/row-counts.ts";

const lineFeed = 0x0a;
const doubleQuote = 0x22;
const singleQuote = 0x27;
const open = 0x28;
const close = 0x29;
const minus = 0x2d;
const slash = 0x2f;
const semicolon = 0x3b;
const backslash = 0x5c;
const backtick = 0x60;

/** Behind the word DELIMITER come routines, up to the line that gives the semicolon back. */
const endOfRoutines = new TextEncoder().encode("\nDELIMITER ;\n");

const name = /(?:`(?:[^`]|``)+`|"(?:[^"]|"")+"|[^\s`"(]+)/.source;
const insertHead = new RegExp(`^(?:INSERT|REPLACE)\\s+(?:[A-Z]+\\s+)*?INTO\\s+(${name})[\\s(),]*VALUES\\s*$`);
const createHead = new RegExp(`^CREATE\\s+TABLE\\s+(?:IF NOT EXISTS\\s+)?(${name})`);
const useHead = new RegExp(`^USE\\s+(${name})$`);

type Mode = "statement" | "quoted" | "comment" | "routines" | "rows" | "text";

export function createMysqlRowCounter(): RowCounter {
  const tally = createRowTally();
  const head = createHeadBuffer();
  let mode: Mode = "statement";
  let quote = 0;
  let depth = 0;
  let isEscaped = false;
  let matched = 0;
  let database: string | undefined;
  const parent = () => (database === undefined ? {} : { database });

  const endStatement = () => {
    const text = head.text();
    const created = createHead.exec(text)?.[1];
    if (created !== undefined) tally.begin(plainName(created), parent());
    const used = useHead.exec(text)?.[1];
    if (used !== undefined) database = plainName(used);
    head.clear();
    depth = 0;
    mode = text.trim() === "DELIMITER" ? "routines" : "statement";
    matched = 0;
  };
  /** Whether the parenthesis that opens here is the first row of an INSERT. */
  const beginsRows = (): boolean => {
    const table = insertHead.exec(head.text())?.[1];
    if (table === undefined) return false;
    tally.begin(plainName(table), parent());
    head.clear();
    return true;
  };
  const readStatement = (byte: number) => {
    const isOutside = depth === 0;
    if (head.length() === 0 && byte <= 0x20) return;
    if (head.length() === 0 && byte === minus) mode = "comment";
    else if (byte === semicolon) endStatement();
    else if (byte === open && isOutside && beginsRows()) {
      tally.add(1);
      mode = "rows";
    } else {
      if (byte === open) depth += 1;
      if (byte === close) depth -= 1;
      if (isOutside || depth === 0) head.push(byte);
      if (byte === singleQuote || byte === doubleQuote || byte === backtick) {
        quote = byte;
        mode = "quoted";
      }
      // A comment that stands alone has no semicolon behind it.
      if (byte === lineFeed && head.first() === slash && head.text().trimEnd().endsWith("*/")) head.clear();
    }
  };
  const readQuoted = (byte: number) => {
    if (depth === 0) head.push(byte);
    if (isEscaped) isEscaped = false;
    else if (byte === backslash) isEscaped = quote !== backtick;
    else if (byte === quote) mode = "statement";
  };
  const readRoutines = (byte: number) => {
    matched = byte === endOfRoutines[matched] ? matched + 1 : Number(byte === lineFeed);
    if (matched === endOfRoutines.length) mode = "statement";
  };
  /** Up to the end of the statement. Nearly all of a dump passes through these loops: no state outside of them is touched. */
  const readRows = (chunk: Uint8Array, from: number): number => {
    const { length } = chunk;
    let rows = 0;
    let at = from;
    let isText = mode === "text";
    if (isEscaped) at += 1;
    isEscaped = false;
    while (at < length) {
      const byte = chunk[at++];
      if (isText) {
        if (byte === backslash) at += 1;
        else if (byte === singleQuote) isText = false;
      } else if (byte === singleQuote) isText = true;
      else if (byte === open) rows += 1;
      else if (byte === semicolon) break;
    }
    tally.add(rows);
    const isOver = !isText && chunk[at - 1] === semicolon;
    mode = isOver ? "statement" : isText ? "text" : "rows";
    isEscaped = at > length;
    return at;
  };
  return {
    read: (chunk) => {
      let at = 0;
      while (at < chunk.length) {
        if (mode === "rows" || mode === "text") at = readRows(chunk, at);
        else {
          const byte = chunk[at] ?? 0;
          at += 1;
          if (mode === "statement") readStatement(byte);
          else if (mode === "quoted") readQuoted(byte);
          else if (mode === "routines") readRoutines(byte);
          else if (byte === lineFeed) mode = "statement";
        }
      }
    },
    counted: () =>
      mode === "comment" || (mode === "statement" && head.length() === 0) ? tally.sum() : undefined,
  };
}

function plainName(quoted: string): string {
  const [mark = ""] = quoted;
  return mark === "`" || mark === '"' ? quoted.slice(1, -1).replaceAll(mark + mark, mark) : quoted;
}
