/** How many rows each table of a dump has: counted while it is proven, compared when it has been loaded somewhere. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { countDone, countNoun } from "#lib/core/count-noun.ts";
import { showName } from "#lib/core/tar-judge.ts";

/** Beyond it the sum alone is kept: a manifest is read whole, by every list of sets. */
const tablesKept = 2000;
const tablesNamed = 10;

const tableRows = z.object({
  /** Where a dump has several. */
  database: z.string().optional(),
  /** PostgreSQL alone has them. */
  schema: z.string().optional(),
  name: z.string(),
  rows: z.number().int().nonnegative(),
});
const rowCounts = z.object({
  total: z.number().int().nonnegative(),
  tableCount: z.number().int().nonnegative(),
  /** Missing where there are too many. */
  tables: z.array(tableRows).readonly().optional(),
});

export type TableRows = Readonly<z.infer<typeof tableRows>>;
export type RowCounts = Readonly<z.infer<typeof rowCounts>>;

/** Counts what passes by. */
export interface RowCounter {
  /** The chunk is valid during the call only. */
  readonly read: (chunk: Uint8Array) => void;
  /** Undefined where the text ended inside of something: then nothing is known. */
  readonly counted: () => RowCounts | undefined;
}

/** What the facts of a component say; undefined for dumps of before they were counted. */
export function rowCountsOf(facts: Readonly<Record<string, unknown>> | undefined): RowCounts | undefined {
  return rowCounts.safeParse(facts?.["rows"]).data;
}

export function sumUp(tables: readonly TableRows[]): RowCounts {
  const total = tables.reduce((sum, { rows }) => sum + rows, 0);
  const tableCount = tables.length;
  return tableCount > tablesKept ? { total, tableCount } : { total, tableCount, tables };
}

export interface RowTally {
  /** From now on `add` counts for this table. */
  readonly begin: (name: string, parent: Pick<TableRows, "database" | "schema">) => void;
  readonly add: (rows: number) => void;
  readonly sum: () => RowCounts;
}

/** Sums by table; a dump may come back to one. */
export function createRowTally(): RowTally {
  interface Tallied extends Omit<TableRows, "rows"> {
    rows: number;
  }
  const tables = new Map<string, Tallied>();
  let current: Tallied | undefined;
  return {
    begin: (name, parent) => {
      const key = JSON.stringify([parent.database, parent.schema, name]);
      current = tables.get(key) ?? { ...parent, name, rows: 0 };
      tables.set(key, current);
    },
    add: (rows) => {
      if (current !== undefined) current.rows += rows;
    },
    sum: () => sumUp([...tables.values()]),
  };
}

/** Counted in a loaded database: undefined for a table that it does not have. */
export type FoundRows = (table: TableRows) => number | undefined;

/**
 * What was dumped and is not there, a line for each table.
 *
 * More rows than were dumped are no loss: extensions of PostgreSQL bring rows of their own.
 */
export function compareRows(expected: readonly TableRows[], found: FoundRows): string[] {
  const lost = expected.flatMap((table) => {
    const rows = found(table);
    const name = `the table "${showName(nameTable(table))}"`;
    if (rows === undefined) return [`${name} is missing, it was dumped with ${countNoun(table.rows, "row")}`];
    return rows < table.rows
      ? [`${name} has ${countNoun(rows, "row")}, ${countDone(table.rows, "dumped")}`]
      : [];
  });
  const rest = lost.length - tablesNamed;
  const more = `and ${countNoun(rest, "more table lacks", "more tables lack")} rows`;
  return rest > 0 ? [...lost.slice(0, tablesNamed), more] : lost;
}

/** In a line, the tables with the most rows first. */
export function describeRows({ total, tableCount, tables = [] }: RowCounts): string {
  const largest = tables.toSorted((a, b) => b.rows - a.rows).slice(0, tablesNamed);
  const named = largest.map((table) => `${nameTable(table)} ${table.rows}`).join(", ");
  const rest = tableCount - largest.length;
  const more = rest > 0 && named !== "" ? `, and ${rest} more` : "";
  return `${total} in ${countNoun(tableCount, "table")}${named === "" ? "" : `: ${named}${more}`}`;
}

export function nameTable({ database, schema, name }: TableRows): string {
  return [database, schema, name].filter((part) => part !== undefined).join(".");
}

/** Text of a dump that matters for longer than a chunk, up to a limit: what is longer than that is no name. */
export interface HeadBuffer {
  readonly push: (byte: number) => void;
  readonly pop: () => void;
  readonly clear: () => void;
  readonly length: () => number;
  readonly first: () => number | undefined;
  readonly text: () => string;
}

const headBytes = 8192;

export function createHeadBuffer(): HeadBuffer {
  const bytes = Buffer.alloc(headBytes);
  let length = 0;
  return {
    push: (byte) => {
      if (length < headBytes) bytes[length++] = byte;
    },
    pop: () => {
      length = Math.max(0, length - 1);
    },
    clear: () => {
      length = 0;
    },
    length: () => length,
    first: () => (length === 0 ? undefined : bytes[0]),
    text: () => bytes.toString("utf8", 0, length),
  };
}
